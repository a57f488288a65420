"""What a command does with a plan: resolve, run, resume, benchmark, examine."""
