"""What results mean: records and a plan in; summaries, verdicts and claims out. Knows no run folder."""
