"""Components and experiments of the report resnet-depth: DNN, CNN, ResNet and a bottleneck ResNet on CIFAR-10."""
