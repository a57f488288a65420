"""Experiment files: TOML with line numbers, the grammar of claims, and the request that a file makes."""
