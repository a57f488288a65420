"""Report foundations: a NumPy network by hand, LeNet-5, a small ResNet and learning-rate schedules."""
