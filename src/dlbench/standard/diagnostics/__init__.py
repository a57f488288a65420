"""The built-in diagnostics; dlbench.Diagnostic documents what they get and return."""
