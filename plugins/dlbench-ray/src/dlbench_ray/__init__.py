"""Trials on a Ray cluster, as a dlbench plugin."""
