"""What can be compared, described: records, their syntax, one choice of a component."""
