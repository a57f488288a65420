"""The commands under `dlbench results`."""
