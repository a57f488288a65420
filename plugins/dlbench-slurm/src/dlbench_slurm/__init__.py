"""SLURM for dlbench: array jobs that share a run folder, and an executor for a session that stays alive."""
