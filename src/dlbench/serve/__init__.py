"""Runs as pages of a small server on this machine, live while they go on. Reads run folders, and writes nothing."""
