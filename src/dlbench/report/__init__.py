"""Presentation of results: tables and progress on terminals, figures and pages in files."""
