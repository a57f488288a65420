"""From a request to a plan: building, vetoes, defaults from files, extending an earlier plan."""
