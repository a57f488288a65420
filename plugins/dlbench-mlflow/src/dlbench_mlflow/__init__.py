"""A run's trials in MLflow, as a dlbench plugin."""
