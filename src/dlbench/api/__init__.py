"""The Python interface: what the commands do, as functions and frames."""
