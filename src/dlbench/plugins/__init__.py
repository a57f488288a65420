"""Where components come from: entry points, what they require, and the registry of what they declare."""
