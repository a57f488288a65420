"""The half that trains: work units in, records out. It needs torch and runs in the workers."""
