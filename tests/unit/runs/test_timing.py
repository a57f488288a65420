import csv
from dataclasses import replace

from dlbench.components.choice import Selection
from dlbench.runs.timing import Estimates, longest_first, seconds_per_trial
from dlbench.trials.settings import Settings
from dlbench.trials.trial import Trial


def _trial(model, epochs=2, seed=0):
    chosen = {axis: Selection(f"standard/{axis}") for axis in ("activation", "dataset", "scheduler", "optimizer")}
    return Trial(model=Selection(model), settings=Settings(epochs=epochs), seed=seed, **chosen)


def _keep(root, trials, seconds):
    """Write a run in which each trial took some seconds for its epochs."""
    folder = root / f"run-{len(list(root.iterdir()))}"
    (folder / "journal").mkdir(parents=True)
    rows = [
        {**trial.row(), "epochs_run": trial.settings.epochs, "train_seconds": each}
        for trial, each in zip(trials, seconds, strict=True)
    ]
    with (folder / "trials.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)


def test_the_estimate_is_the_median_epoch_of_similar_trials_times_the_epochs(tmp_path):
    small = _trial("small")
    _keep(tmp_path, [small] * 3, [2.0, 4.0, 60.0])
    assert seconds_per_trial([_trial("small", epochs=5), _trial("other")], tmp_path) == [10.0, None]


def test_the_longest_trials_run_first_and_unknown_ones_before_them(tmp_path):
    small, large = _trial("small"), _trial("large")
    _keep(tmp_path, [small, large], [2.0, 8.0])
    unknown, longer = _trial("unknown"), _trial("unknown", epochs=9)
    order = longest_first([small, large, unknown, replace(small, seed=1), longer, replace(large, seed=1)], tmp_path)
    found = [(trial.model.name, trial.settings.epochs, trial.seed) for trial in order]
    assert found == [
        ("unknown", 9, 0),
        ("unknown", 2, 0),
        ("large", 2, 0),
        ("large", 2, 1),
        ("small", 2, 0),
        ("small", 2, 1),
    ]


def test_what_a_session_learns_counts_at_once(tmp_path, make_record):
    estimates, record = Estimates(tmp_path), make_record()
    assert (estimates.seconds(record.trial), estimates.memory_mb(record.trial)) == (None, None)
    for seconds, memory in ((3.0, 100.0), (1.0, 300.0), (2.0, 200.0)):
        estimates.learn(replace(record, cost={"train_seconds": 3 * seconds, "peak_memory_mb": memory}))
    estimates.learn(replace(record, status="failed", metrics={}, cost={}))
    longer = replace(record.trial, settings=replace(record.trial.settings, epochs=7))
    assert (estimates.seconds(longer), estimates.memory_mb(longer)) == (14.0, 300.0)
