"""What `dlbench submit slurm` writes; the shell's part is run with programs in SLURM's place."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from dlbench import DlbenchError
from dlbench_slurm.script import array_script
from dlbench_slurm.submit import submit

COMMAND = ("compare", "--activation", "relu,tanh")
#: `dlbench submit slurm`
app = typer.Typer()
app.command()(submit)


def printed(*options: str, command: Sequence[str] = COMMAND) -> str:
    done = CliRunner().invoke(app, ["--print", *options, "--", *command])
    assert done.exit_code == 0, done.exception
    return done.stdout


def test_each_task_runs_the_command_on_as_many_cores_as_it_has() -> None:
    script = printed("--array", "8", "--time", "1h", "--cpus-per-task", "2", "--partition", "gpu", "--gpus", "1")
    lines = script.splitlines()
    assert lines[0] == "#!/bin/bash"
    for option in ("array=1-8", "time=60", "cpus-per-task=2", "partition=gpu", "gpus=1", "requeue"):
        assert f"#SBATCH --{option}" in lines
    assert "#SBATCH --signal=B:TERM@120" in lines
    command = f'{sys.executable} -m dlbench compare --jobs "${{SLURM_CPUS_PER_TASK:-1}}" --activation relu,tanh &'
    assert command in lines


@pytest.mark.parametrize("jobs", ["--jobs=3", "--Jobs=3", "--workers=3"])
def test_a_number_of_jobs_in_the_command_holds_since_it_comes_last_however_it_is_written(jobs: str) -> None:
    (line,) = [line for line in printed(command=(*COMMAND, jobs)).splitlines() if " -m dlbench " in line]
    assert line.endswith(f'compare --jobs "${{SLURM_CPUS_PER_TASK:-1}}" --activation relu,tanh {jobs} &')


def test_a_command_with_an_executor_of_its_own_is_left_as_it_is() -> None:
    script = printed(command=(*COMMAND, "--executor", "local:jobs=3"))
    assert "dlbench compare --activation relu,tanh --executor local:jobs=3 &" in script


def test_what_is_not_among_the_options_can_be_said_too() -> None:
    lines = printed("--array", "8%2", "--setup", "module load cuda", "--sbatch=--nice=10", "--no-requeue").splitlines()
    assert "#SBATCH --array=1-8%2" in lines
    assert "#SBATCH --nice=10" in lines
    assert "#SBATCH --no-requeue" in lines
    assert "module load cuda" in lines
    assert not any("scontrol" in line for line in lines)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--array", "many"), "'many' is no number of tasks"),
        (("--array", "0"), "'0' is no number of tasks"),
        (("--time", "soon"), "'soon' is no time"),
        (("--warning", "3600"), "no time before"),
    ],
)
def test_a_mistake_is_an_error_before_anything_waits_in_a_queue(options: Sequence[str], expected: str) -> None:
    done = CliRunner().invoke(app, ["--print", *options, "--", *COMMAND])
    assert done.exit_code != 0
    assert expected in str(done.exception)


def test_without_slurm_the_error_says_where_to_type_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    done = CliRunner().invoke(app, ["--", *COMMAND])
    assert "There is no sbatch here" in str(done.exception)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("printed", "expected"),
    [
        (
            "sbatch: error: DNS SRV lookup failed\nsbatch: fatal: Could not establish a configuration source",
            "SLURM is installed, but its controller does not answer here.",
        ),
        (
            "sbatch: error: Batch job submission failed: Unable to contact slurm controller (connect failure)",
            "SLURM is installed, but its controller does not answer here.",
        ),
        (
            "sbatch: error: invalid partition specified: gold\nsbatch: error: Batch job submission failed",
            "SLURM refused the job: invalid partition specified: gold; Batch job submission failed",
        ),
    ],
)
def test_what_slurm_refuses_is_a_sentence(
    printed: str, expected: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("sbatch", "srun"):
        (tmp_path / name).write_text(f"#!/bin/bash\nprintf '%s\\n' '{printed}' >&2\nexit 1\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["--", *COMMAND])
    assert isinstance(done.exception, DlbenchError)
    assert done.exception.message == expected
    assert "\n" not in done.exception.hint


def ran(folder: Path, *, code: int, state: str = "RUNNING", warned: bool = True, restarts: int = 0) -> tuple[int, bool]:
    """Run a script whose command ends with a code once it is asked to; return its code, and whether it was requeued."""
    python = folder / "python"
    python.write_text(
        f"#!/bin/bash\ntrap 'exit {code}' TERM\n"
        + ("kill -TERM $PPID; for i in {1..500}; do sleep 0.01; done\n" if warned else f"exit {code}\n")
    )
    (folder / "squeue").write_text(f"#!/bin/bash\necho {state}\n")
    (folder / "scontrol").write_text(f'#!/bin/bash\necho "$@" > {folder / "requeued"}\n')
    for program in ("python", "squeue", "scontrol"):
        (folder / program).chmod(0o755)
    script = array_script(COMMAND, {"array": "1-2"}).replace(sys.executable, str(python))
    environment = {
        **os.environ,
        "PATH": f"{folder}:{os.environ['PATH']}",
        "SLURM_JOB_ID": "7",
        "SLURM_RESTART_COUNT": str(restarts),
    }
    done = subprocess.run(["bash", "-c", script], env=environment, capture_output=True, timeout=20, check=False)
    requeued = folder / "requeued"
    assert not requeued.exists() or requeued.read_text() == "requeue 7\n"
    return done.returncode, requeued.exists()


def test_a_task_whose_time_is_up_goes_back_into_the_queue(tmp_path: Path) -> None:
    assert ran(tmp_path, code=130) == (0, True)


def test_one_that_is_warned_before_its_trials_begin_does_too(tmp_path: Path) -> None:
    assert ran(tmp_path, code=143) == (0, True)


def test_one_that_has_all_its_results_when_it_is_warned_does_not(tmp_path: Path) -> None:
    assert ran(tmp_path, code=0) == (0, False)


def test_one_that_is_cancelled_does_not(tmp_path: Path) -> None:
    assert ran(tmp_path, code=130, state="COMPLETING") == (130, False)


def test_one_that_ends_by_itself_ends_with_its_own_code(tmp_path: Path) -> None:
    assert ran(tmp_path, code=1, warned=False) == (1, False)


def test_one_that_makes_no_end_is_not_begun_for_ever(tmp_path: Path) -> None:
    assert ran(tmp_path, code=130, restarts=100) == (130, False)
