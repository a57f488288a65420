"""Every timm model, untrained, as a dlbench plugin."""
