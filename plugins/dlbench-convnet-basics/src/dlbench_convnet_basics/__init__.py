"""Components and experiments of the report convnet-basics: one ConvNet at three levels of the PyTorch API."""
