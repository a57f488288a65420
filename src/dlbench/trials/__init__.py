"""One trial: its settings, split, seed streams, identity, record and events."""
