"""All that benchmarks/README.md says of a GPU, in one session of at most eight minutes on a machine that has one.

python benchmarks/gpu_session.py [--parts mps,trials,table,recording,compile] [--minutes 8] [--out build/gpu-session]

mps: images per second of several trainings on one GPU, without and with NVIDIA's MPS, which this starts and ends.
trials: whole runs of dlbench with one trial at a time, with eight, and with eight under --mps; and whether their
numbers are the same to the last bit. table: seconds per epoch, step by step and recorded. recording: what recording a
CUDA graph costs a trial, and whether trials that share a recording have the bits of those that record their own.
compile: what torch's compiler gains.

Each part runs in a process of its own and ends when its time is over; the next ones go on. All but "trials" need
genuine MNIST and CIFAR-10 in DLBENCH_DATA_DIR.
"""

import argparse
import csv
import os
import subprocess
import sys
import tempfile
import time
from itertools import islice
from pathlib import Path

HERE = Path(__file__).parent
TRAINERS = HERE / "trainers"
RECORDED = "graphs float32,graphs TF32,graphs bfloat16"
#: Seconds for each part at most; the last ones get what is left.
PARTS = {"mps": 110, "trials": 110, "table": 150, "recording": 60, "compile": 150}
TRIALS = ("--activation", "relu,tanh,gelu,elu", "--seeds", "4", "--epochs", "20")


def main() -> None:
    """Measure the parts one after another."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--parts", type=lambda text: text.split(","), default=list(PARTS))
    parser.add_argument("--minutes", type=float, default=8.0)
    parser.add_argument("--out", type=Path, default=Path("build/gpu-session"))
    parser.add_argument("--part", choices=list(PARTS), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.part:
        globals()[f"measure_{options.part}"](options.out)
        return
    if not has_gpu():
        sys.exit("There is no NVIDIA GPU here that torch can use, so nothing is measured.")
    options.out.mkdir(parents=True, exist_ok=True)
    ends = time.monotonic() + 60 * options.minutes - 10  # for ending what runs
    for part in options.parts:
        limit = min(PARTS[part], ends - time.monotonic())
        print(f"== {part}", flush=True)
        if limit < 5:
            print("not measured: the time is over", flush=True)
            continue
        started = time.monotonic()
        done = run_part(part, options.out, limit)
        print(
            f"== {part}: {'measured' if done else 'not all was measured'}, {time.monotonic() - started:.0f} s",
            flush=True,
        )


def has_gpu() -> bool:
    """Return whether torch can use a CUDA GPU; it is not asked where there can be none."""
    from dlbench.machine import may_have_accelerator

    if not may_have_accelerator():
        return False
    import torch

    return torch.cuda.is_available()


def run_part(part: str, out: Path, seconds: float) -> bool:
    """Measure a part in a process group of its own, which ends with its time; return whether it came to its end."""
    command = [sys.executable, __file__, "--part", part, "--out", str(out)]
    with subprocess.Popen(command, start_new_session=True) as process:
        try:
            return process.wait(seconds) == 0
        except subprocess.TimeoutExpired:
            return False
        finally:
            end_group(process)


def end_group(process: "subprocess.Popen[bytes]") -> None:
    """End a part and what it has started: gently, so that MPS ends too, then at once."""
    for number in (15, 9):
        try:
            os.killpg(process.pid, number)
            process.wait(5)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            continue


def measure_mps(out: Path) -> None:
    """Measure 1 to 8 trainings at once, in turns and under MPS."""
    from dlbench.executors.gpus import VISIBLE, usable_gpus
    from dlbench.executors.mps import Mps

    command = [sys.executable, "gpu_parallel.py", "1.5", "1,2,4,8", "A"]
    gpu = usable_gpus()[0]
    one = {VISIBLE: gpu} if gpu else {}
    print("without MPS:", flush=True)
    subprocess.run(command, cwd=TRAINERS, env=os.environ | one, check=True)
    with tempfile.TemporaryDirectory(prefix="mps-") as folder:
        mps = Mps(Path(folder))
        try:
            names = mps.start((gpu,))
            print("under MPS:" if mps.active else " ".join(mps.take_notes()), flush=True)
            if mps.active:
                seen = {VISIBLE: names[0]} if gpu else {}
                subprocess.run(command, cwd=TRAINERS, env=os.environ | mps.variables | seen, check=True)
        finally:
            mps.end()


def measure_trials(out: Path) -> None:
    """Time whole runs, and compare their numbers."""
    ways = {
        "one at a time": ("--jobs", "1"),
        "eight at once": ("--jobs", "8"),
        "eight under --mps": ("--jobs", "8", "--mps"),
    }
    with tempfile.TemporaryDirectory(prefix="gpu-") as place:
        common = [sys.executable, "-m", "dlbench", "compare", *TRIALS, "--device", "cuda", "--deterministic", "true"]
        found = {}
        for number, (way, words) in enumerate(ways.items()):
            where = ("--results-dir", place, "--data-dir", f"{place}/data", "--name", f"way-{number}")
            started = time.perf_counter()
            subprocess.run([*common, *words, *where], stdout=subprocess.DEVNULL, check=True)
            found[way] = numbers(Path(place, f"way-{number}", "trials.csv"))
            same = "the same numbers" if found[way] == found["one at a time"] else "OTHER NUMBERS"
            taken = time.perf_counter() - started
            print(f"{len(found[way])} trials, {way}: {taken:.1f} s, {same}", flush=True)


def numbers(table: Path) -> dict[str, tuple[str, ...]]:
    """Return what decides in each trial of a run, by its identity."""
    with table.open(newline="") as file:
        rows = list(csv.DictReader(file))
    return {row["trial_id"]: tuple(row[name] for name in ("status", "train_loss", "test_loss")) for row in rows}


def measure_table(out: Path) -> None:
    """Time epochs, step by step and recorded, beside the DataLoader loop."""
    epochs(out / "table.jsonl", "A64,B64,C512,D128", f"eager float32,{RECORDED}", "--loader-seconds", "3")


def measure_compile(out: Path) -> None:
    """Time epochs of a compiled network."""
    ways = "graphs bfloat16,compiled bfloat16"
    epochs(out / "compile.jsonl", "A64,D128,B64", ways, "--loader-seconds", "0")


def epochs(out: Path, cells: str, ways: str, *words: str) -> None:
    """Let trainers/gpu.py time two rounds of epochs."""
    command = [
        sys.executable,
        "gpu.py",
        "--cells",
        cells,
        "--ways",
        ways,
        "--rounds",
        "2",
        "--out",
        str(out.absolute()),
    ]
    subprocess.run([*command, *words], cwd=TRAINERS, check=True)


def measure_recording(out: Path) -> None:
    """Time the steps before a recording, the recording, and its replays: the first two are what reuse would save."""
    sys.path.insert(0, str(TRAINERS))
    import torch
    from ours import build_workload
    from workloads import WORKLOADS

    from dlbench.engine.cuda_graphs import WARM_UP_STEPS
    from dlbench.engine.recorded_steps import Recordings

    data_dir = Path(os.environ.get("DLBENCH_DATA_DIR", ""))
    for key, batch in (("A", 64), ("B", 64), ("C", 512), ("D", 128)):
        kept, weights = Recordings(), {}
        for way, recordings, seed in (
            ("loading kernels", None, 0),
            *(("its own recording", None, seed) for seed in range(3)),
            *((what, kept, seed) for seed, what in enumerate(("first", "compared", "shared"))),
        ):
            how = {"device": "cuda", "cuda_graphs": "true", "validation": "test", "deterministic": "true"}
            setup = build_workload(WORKLOADS[key], batch, "float32", data_dir, seed=seed, recordings=recordings, **how)
            seconds = steps_of(setup, WARM_UP_STEPS + 21)
            before, recording, replays = seconds[:WARM_UP_STEPS], seconds[WARM_UP_STEPS], seconds[WARM_UP_STEPS + 1 :]
            print(
                f"{key} {batch}, seed {seed}, {way}: {WARM_UP_STEPS} steps {1e3 * sum(before):.1f} ms, the first "
                f"recorded {1e3 * recording:.1f} ms, a replay {1e3 * min(replays):.2f} ms",
                flush=True,
            )
            left = [parameter.detach().clone() for parameter in setup.model.parameters()]
            if recordings:
                same = all(map(torch.equal, left, weights[seed]))
                print(f"{key} {batch}, seed {seed}: {'the same weights' if same else 'OTHER WEIGHTS'}", flush=True)
            weights.setdefault(seed, left)
        (proven,) = (shared.proven for shared in kept._steps.values())
        print(f"{key} {batch}: {'shared' if proven else 'NOT SHARED'}", flush=True)


def steps_of(setup, count: int) -> list[float]:
    """Train so many steps and return the seconds of each."""
    import torch

    from dlbench.engine.randomness import borrowed_generators
    from dlbench.engine.training import clock
    from dlbench.engine.warmup import warm_up

    warm_up(setup)
    setup.model.train()
    seconds = []
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(True)
    with borrowed_generators(0, "dropout"):
        for each in islice(setup.train_feed.shuffled(setup.batch_size, setup.order, setup.augmentation), count):
            started = clock(setup)
            setup.step(setup, each)
            seconds.append(clock(setup) - started)
    return seconds


if __name__ == "__main__":
    main()
