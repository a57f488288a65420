"""A run's curves and hyper-parameters in TensorBoard, as a dlbench plugin."""
