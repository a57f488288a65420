"""From records and a plan to summaries, verdicts and claims. Independent of run folders."""
