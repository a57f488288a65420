"""Standard output and standard error: consoles, encodings, errors, closed pipes."""
