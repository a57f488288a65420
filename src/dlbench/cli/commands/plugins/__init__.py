"""The commands under `dlbench plugins`."""
