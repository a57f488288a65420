"""What `dlbench list`, `show` and `plugins list` print."""
