"""Report cnn-settings: batch size, activation, dropout and depth of CNNs on MNIST and CIFAR-10."""
