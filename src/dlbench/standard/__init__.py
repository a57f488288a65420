"""The components that come with dlbench; they enter through the same hooks as any plugin's."""
