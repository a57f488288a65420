"""Simulate a cluster: how busy a session keeps its slots, what it loses, and what a trial costs the parent.

python benchmarks/scheduling.py [SLOTS [TRIALS]]

Plan, claims, journal and tables are real; the slots and their clock are not. Trials take what those of the committed
runs took, one unit in a hundred dies at a random moment, and the clock stands still for no handling of an event: while
the parent is busy with one slot, the others wait for it.
"""

import csv
import heapq
import resource
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import dlbench
import dlbench.executors.local
from dlbench.trials.events import Emit, Event, TrialFinished, TrialStarted, UnitLost
from dlbench.trials.trial import Trial
from dlbench.trials.trial_record import TrialRecord
from dlbench.trials.work_unit import WorkUnit

DEATHS = 0.01
SEEDS = 100
_METRICS = ("train_loss", "train_accuracy", "validation_loss", "validation_accuracy")


def committed_seconds() -> list[float]:
    """Return what the trials of the committed runs took."""
    files = (Path(__file__).parents[1] / "results").glob("*/trials.csv")
    rows = (row for path in files for row in csv.DictReader(path.open(newline="")))
    return sorted(float(row["train_seconds"]) for row in rows if row.get("train_seconds"))


@dataclass
class Clock:
    """What a simulation has counted. now: its time; busy: seconds of training in all slots."""

    now: float = 0.0
    busy: float = 0.0
    parent: float = 0.0
    trained: int = 0
    units: int = 0
    deaths: int = 0
    last_wave: tuple[float, float] = (0.0, 0.0)
    records: dict[str, int] = field(default_factory=dict)


class Simulated:
    """An executor whose units train nothing, in a time that passes at once."""

    unit_seconds = 60.0
    slots_there = 64
    clock = Clock()
    draw = Random(0)
    times: tuple[float, ...] = ()

    def __init__(self, **parameters: object) -> None:
        self.spent: dict[str, float] = {}

    def slots(self) -> int:
        """Return how many units run at once."""
        return self.slots_there

    def run(self, units: Iterable[WorkUnit], emit: Emit, stop: threading.Event) -> None:
        """Run all units."""
        clock, source, free, order = self.clock, iter(units), self.slots_there, 0
        coming: list[tuple[float, int, float, Event, Iterator[tuple[float, Event]]]] = []
        while True:
            while free and (unit := self._timed(next, source, None)):
                free, order, clock.units = free - 1, order + 1, clock.units + 1
                self._follow(coming, order, self._events(unit))
            if free and clock.last_wave[0] == 0.0:
                clock.last_wave = clock.now, clock.busy + sum(clock.now - event[2] for event in coming)
            if not coming:
                return
            at, number, since, event, rest = heapq.heappop(coming)
            clock.busy += at - since
            clock.now = max(clock.now, at)
            self._timed(emit, event)
            free += not self._follow(coming, number, rest, at)

    def _timed(self, call, *arguments):  # type: ignore[no-untyped-def]  # as the callable
        """Call something; the processor time that it takes passes on the clock too."""
        before = time.process_time()  # on a busy machine wall time is that of others
        answer = call(*arguments)
        taken = time.process_time() - before
        self.clock.now, self.clock.parent = self.clock.now + taken, self.clock.parent + taken
        return answer

    def _follow(self, coming, number, rest, since=None) -> bool:  # type: ignore[no-untyped-def]  # as in run()
        """Await the next event of a unit; return whether there is one. since: when the last one was."""
        if (following := next(rest, None)) is None:
            return False
        since = self.clock.now if since is None else since
        heapq.heappush(coming, (since + following[0], number, since, following[1], rest))
        return True

    def _events(self, unit: WorkUnit) -> Iterator[tuple[float, Event]]:
        """Yield the events of a unit with the seconds before each."""
        dies = self.draw.random() < DEATHS
        last = self.draw.randrange(len(unit.trials)) if dies else len(unit.trials)
        for trial in unit.trials[:last]:
            yield 0.0, TrialStarted(trial_id=trial.trial_id, attempt=unit.attempt)
            seconds = self._seconds(trial)
            self.clock.trained += 1
            self.clock.records[trial.trial_id] = self.clock.records.get(trial.trial_id, 0) + 1
            yield seconds, TrialFinished(record=record(trial, seconds), attempt=unit.attempt)
        if dies:
            self.clock.deaths += 1
            lost = tuple(trial.trial_id for trial in unit.trials[last:])
            after = self.draw.random() * self._seconds(unit.trials[last])
            yield after, UnitLost(trial_ids=lost, reason="its node died", node="n", attempt=unit.attempt)

    def _seconds(self, trial: Trial) -> float:
        """Return what a trial takes: as one of the committed ones, the same for all of a variant within a tenth."""
        chosen = Random(trial.variant_id).choice(self.times)
        return chosen * Random(trial.trial_id).uniform(0.9, 1.1)


def record(trial: Trial, seconds: float) -> TrialRecord:
    """Return a record of ten epochs."""
    figures = dict.fromkeys(_METRICS, (trial.seed % 97) / 97)
    epochs = [figures | {"epoch": number, "learning_rate": 0.1, "seconds": seconds / 10} for number in range(1, 11)]
    metrics = figures | {"test_accuracy": (trial.seed % 89) / 89, "test_loss": 1.0}
    cost = {"train_seconds": seconds, "images_per_second": 1000.0, "parameters": 650}
    return TrialRecord(trial=trial, status="done", metrics=metrics, cost=cost, epochs=(*epochs,))


def simulate(slots: int, trials: int) -> None:
    """Print what a session of so many trials on so many slots comes to."""
    Simulated.slots_there, Simulated.clock, Simulated.times = slots, Clock(), tuple(committed_seconds())
    dlbench.executors.local.LocalExecutor = Simulated  # type: ignore[misc,assignment]  # what the record names
    rates = [round(1e-4 * 1.01**step, 9) for step in range(max(trials // SEEDS, 2))]
    begin, processor = time.perf_counter(), time.process_time()
    with tempfile.TemporaryDirectory() as place:
        result = dlbench.compare(
            model="linear", learning_rate=rates, seeds=SEEDS, name="simulated", results_dir=place, fresh=True
        )
        with (result.path / "trials.csv").open(newline="") as table:  # a frame of them is not the session's
            done = sum(row["status"] == "done" for row in csv.DictReader(table))
    clock, planned = Simulated.clock, len(rates) * SEEDS
    until, busy = clock.last_wave
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    all_told = time.process_time() - processor
    print(f"{slots} slots, {planned:,} trials in {clock.units:,} units, of which {clock.deaths} died:")
    print(f"  {done:,} recorded, {sum(count > 1 for count in clock.records.values())} trained more than once")
    print(f"  {busy / (until * slots or 1):.1%} of the slots busy until the last wave")
    print(
        f"  {clock.parent / planned * 1e3:.2f} ms of the parent a trial, {all_told / planned * 1e3:.2f} with all else"
    )
    print(f"  {memory:,.0f} MB at most, {time.perf_counter() - begin:.0f} s", flush=True)


if __name__ == "__main__":
    asked = [int(text) for text in sys.argv[1:]]
    simulate(*asked[:1] or [64], *asked[1:2] or [100_000])
