"""What SLURM's refusal of a job means to somebody at the terminal."""

import shutil

from dlbench import DlbenchError

#: What SLURM's commands say where no controller is configured or none answers.
_NO_CONTROLLER = (
    "Could not establish a configuration source",
    "Unable to contact slurm controller",
    "Unable to establish controller",
    "Connection refused",
)


def refusal(said: str, jobs: str, command: str) -> DlbenchError:
    """Return the error of jobs that SLURM did not take.

    said: what sbatch printed, its lines ended by line feeds or, as submitit repeats them, by a backslash and an n.
    jobs: what it did not take. command: what shows how it was asked.
    """
    if shutil.which("sbatch") is None or shutil.which("srun") is None:
        return DlbenchError("There is no sbatch here.", "Type this on a login node of the cluster.")
    if any(words in said for words in _NO_CONTROLLER):
        return DlbenchError(
            "SLURM is installed, but its controller does not answer here.",
            "Type this on a login node of a cluster, where `sinfo` lists its nodes.",
        )
    lines = [line.strip() for line in said.replace("\\n", "\n").splitlines() if line.strip()]
    plain = "; ".join(dict.fromkeys(line.removeprefix("sbatch: ").removeprefix("error: ") for line in lines))
    return DlbenchError(f"SLURM refused {jobs}: {plain}", f"See what it takes: `sinfo` and `{command}`.")
