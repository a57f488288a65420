"""The built-in diagnostics: what they are told of, and what they give, is in dlbench.Diagnostic."""
