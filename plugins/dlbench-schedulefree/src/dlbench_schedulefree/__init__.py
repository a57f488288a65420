"""Schedule-free optimizers as a dlbench plugin."""
