"""Compare dlbench with other trainers and with the limit: interleaved rounds, each trainer in its own process.

python benchmarks/trainers/measure.py [--models A,B] [--trainers dlbench,limit] [--precisions float32] [--out FILE]

The file gets a line of JSON as soon as a model, batch size and set of trainers is finished, so that a long measurement
can be made in parts; `--table` prints the content of the file. Trainers take turns on one core.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from collections import defaultdict
from contextlib import suppress
from pathlib import Path

from workloads import CELLS

HERE = Path(__file__).parent
#: By precision. The plain loop is always float32; bfloat16 is compared with it as well.
TRAINERS = {
    "float32": ("plain", "plain-tuned", "lightning", "lightning-tuned", "skorch", "keras-jax", "limit", "dlbench"),
    "bfloat16": ("plain-tuned", "lightning-tuned", "keras-jax", "limit", "dlbench"),
}


def main() -> None:
    """Measure the requested trainers, then print the table."""
    options = _options()
    if options.processor_time:
        os.environ["TRAINERS_CLOCK"] = "processor"
    if not options.table:
        for model, batch in CELLS:
            if model in options.models and (not options.batches or batch in options.batches):
                for precision in options.precisions:  # not all at once: at C 512 they would fill 24 GB
                    wanted = [(trainer, precision) for trainer in TRAINERS[precision] if trainer in options.trainers]
                    if precision != "float32" and "plain" in options.trainers:
                        wanted.insert(0, ("plain", "float32"))
                    _measure(model, batch, wanted, options)
    _print(options.out)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    split = lambda text: text.split(",")  # noqa: E731
    parser.add_argument("--models", type=split, default=["A", "B", "C", "D", "E"])
    parser.add_argument("--batches", type=lambda text: list(map(int, text.split(","))), default=[])
    parser.add_argument("--trainers", type=split, default=list(TRAINERS["float32"]))
    parser.add_argument("--precisions", type=split, default=_precisions(), help="default: those that are native here")
    parser.add_argument("--seconds", type=float, default=10.0, help="length of a window")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--cores", default=str(max(os.sched_getaffinity(0))), help="those of each trainer, as in 0,1")
    parser.add_argument("--data-dir", default=os.environ.get("DLBENCH_DATA_DIR", ""))
    parser.add_argument("--out", type=Path, default=Path("build/trainers.jsonl"))
    parser.add_argument("--processor-time", action="store_true", help="count it, where the machine is not quiet")
    parser.add_argument("--table", action="store_true", help="only print the content of the file")
    return parser.parse_args()


def _precisions() -> list[str]:
    from dlbench.engine.probe import probe

    native = (probe().bfloat16 or {}).get("cpu", False)
    return [precision for precision in TRAINERS if precision == "float32" or native]


class Child:
    """The process of a trainer."""

    def __init__(self, trainer: str, precision: str, model: str, batch: int, data_dir: str, cores: str) -> None:
        self.name = (trainer, precision)
        command = [sys.executable, str(HERE / "child.py"), trainer, model, str(batch), precision, data_dir, cores]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=HERE
        )

    def ready(self) -> bool:
        """Wait until it has warmed up; return False if it failed."""
        return self.process.stdout.readline().strip() == "ready"

    def rate(self, seconds: float) -> float:
        """Train for some seconds; return the images per second."""
        self.begin(seconds)
        return self.answer()

    def begin(self, seconds: float) -> None:
        """Start training for some seconds; answer() waits for the result."""
        print(seconds, file=self.process.stdin, flush=True)

    def answer(self) -> float:
        """Return the images per second of the training that begin() started."""
        images, taken = json.loads(self.process.stdout.readline())
        return images / taken

    def end(self) -> None:
        """End the process."""
        with suppress(OSError):  # it has ended already
            self.process.stdin.close()
        self.process.wait()


def _measure(model: str, batch: int, wanted: list[tuple[str, str]], options: argparse.Namespace) -> None:
    children = [Child(*name, model, batch, options.data_dir, options.cores) for name in wanted]
    rates = {child.name: [] for child in children if child.ready()}
    for _ in range(options.rounds):
        for child in children:
            if child.name in rates:
                with suppress(OSError, ValueError):  # it has ended, perhaps for lack of memory
                    rates[child.name].append(child.rate(options.seconds))
    for child in children:
        child.end()
    for child in children:
        if len(rates.get(child.name, ())) < options.rounds:
            print(f"{model} {batch} {' '.join(child.name)}: cannot be measured", file=sys.stderr)
            rates.pop(child.name, None)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    record = {"model": model, "batch": batch, "seconds": options.seconds}
    record["rates"] = [[*name, found] for name, found in rates.items()]
    with options.out.open("a") as file:
        print(json.dumps(record), file=file)
    for name, found in rates.items():
        print(f"{model} {batch} {name[0]} {name[1]}: {statistics.median(found):,.0f} images/s", flush=True)


def _print(path: Path) -> None:
    """Print the ratio of dlbench's speed to every other trainer's, by model and batch size, round by round."""
    cells = defaultdict(list)
    for line in path.read_text().splitlines():
        record = json.loads(line)
        rates = {(trainer, precision): found for trainer, precision, found in record["rates"]}
        for (trainer, precision), found in rates.items():
            for ours in ("float32", "bfloat16"):
                same = precision == ours or trainer == "plain"
                if trainer != "dlbench" and same and ("dlbench", ours) in rates:
                    ratios = [a / b for a, b in zip(rates["dlbench", ours], found, strict=True)]
                    cells[ours, trainer, f"{record['model']} {record['batch']}"] += ratios
    columns = [f"{model} {batch}" for model, batch in CELLS]
    for precision, trainers in TRAINERS.items():
        print(f"\n| dlbench in {precision} against | {' | '.join(columns)} |")
        print("|---" * (1 + len(columns)) + "|")
        for trainer in dict.fromkeys(("plain", *trainers)):
            found = [cells.get((precision, trainer, column)) for column in columns]
            if any(found):
                print(f"| {trainer} | " + " | ".join(map(cell, found)) + " |")


def cell(ratios: list[float] | None) -> str:
    """Return the median and the range."""
    if not ratios:
        return "–"
    return f"{statistics.median(ratios):.2f} ({min(ratios):.2f}–{max(ratios):.2f})"


if __name__ == "__main__":
    main()
