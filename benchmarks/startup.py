"""Measure start-up against a bare Typer program: whole processes, interleaved; medians and ratios.

python benchmarks/startup.py [ROUNDS]

The last line is the wall time of a comparison on digits, 3 activations by 7 seeds, including torch's import.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BARE = '''
import typer

app = typer.Typer()


@app.command()
def hello(name: str = "you") -> None:
    """Say hello."""


@app.command()
def goodbye(name: str = "you") -> None:
    """Say goodbye."""


app()
'''


def main(rounds: int) -> None:
    """Print the median of each command and its ratio to the bare program, round by round."""
    dlbench = str(Path(sys.executable).with_name("dlbench"))
    with tempfile.TemporaryDirectory() as folder:
        bare = Path(folder) / "bare.py"
        bare.write_text(BARE)
        commands = {
            "bare Typer --help": [sys.executable, str(bare), "--help"],
            "dlbench --help": [dlbench, "--help"],
            "dlbench list models": [dlbench, "list", "models"],
            "dlbench plugins list": [dlbench, "plugins", "list"],
            "dlbench compare --dry-run": [dlbench, "compare", "--activation", "relu,tanh", "--dry-run"],
        }
        completing = ["env", "_DLBENCH_COMPLETE=complete_bash", "COMP_WORDS=dlbench comp", "COMP_CWORD=1"]
        commands["completion of a command"] = [*completing, dlbench]
        line = "_TYPER_COMPLETE_ARGS=dlbench compare --activation relu,leaky-relu:neg"
        asked = ["env", "_DLBENCH_COMPLETE=complete_fish", "_TYPER_COMPLETE_FISH_ACTION=get-args", line]
        commands["completion of a component"] = [*asked, dlbench]
        for command in commands.values():
            _seconds(command)  # warm the disk cache
        times = {name: [] for name in commands}
        for _ in range(rounds):
            for name, command in commands.items():
                times[name].append(_seconds(command))
    base = times["bare Typer --help"]
    print(f"{'command':28}{'median s':>10}{'ratio':>8}{'range':>16}")
    for name, seconds in times.items():
        ratios = [each / other for each, other in zip(seconds, base, strict=True)]
        spread = f"{min(ratios):.2f}–{max(ratios):.2f}"
        print(f"{name:28}{statistics.median(seconds):10.3f}{statistics.median(ratios):8.2f}{spread:>16}")

    _print_comparison(dlbench, max(rounds // 5, 1))


def _print_comparison(dlbench: str, rounds: int) -> None:
    axes = ["--activation", "relu,tanh,sigmoid", "--seeds", "7"]
    times = []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            times.append(_seconds([dlbench, "compare", *axes, "--results-dir", folder, "--quiet"]))
    print(
        f"{'dlbench compare, 21 trials':28}{statistics.median(times):10.3f}{'':8}{min(times):8.2f}–{max(times):.2f} s"
    )


def _seconds(command: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - started


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 15)
