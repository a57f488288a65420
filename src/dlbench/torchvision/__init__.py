"""torchvision's classification models as a plugin of its own."""
