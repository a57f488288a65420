"""What a plugin as a whole promises: it loads without a fault, its experiments and observers work."""

import contextlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

from dlbench.analysis.claims import check_metrics
from dlbench.components.records import KINDS
from dlbench.errors import DlbenchError
from dlbench.executors.scratch import scratch_subfolder
from dlbench.experiments.discovery import ExperimentFile, find_experiments
from dlbench.experiments.experiment_file import load_experiment
from dlbench.experiments.request import check
from dlbench.plans.build import build
from dlbench.plans.plan import Request
from dlbench.plugins.discovery import HEAVY, Plugin
from dlbench.plugins.registry import Registry
from dlbench.runs.folder import RunFolder
from dlbench.runs.provenance import collect_provenance
from dlbench.testing.promises import Unproven, promise
from dlbench.trials.trial_record import TrialRecord

OBSERVERS = ("dlbench_run_started", "dlbench_epoch_finished", "dlbench_trial_finished", "dlbench_run_finished")

_READ = """
import json, os, sys
sys.path[:] = json.loads(sys.argv[1])
from dlbench.plugins.registry import Registry
from dlbench.components.records import KINDS
registry = Registry.load()
for kind in KINDS:
    registry.entries(kind)
list(registry.plugins.call("dlbench_experiments"))
json.dump([name for name in json.loads(sys.argv[2]) if name in sys.modules], open(sys.argv[3], "w"))
"""


@dataclass(frozen=True)
class Whole:
    """A loaded plugin among the others."""

    plugin: Plugin
    registry: Registry = field(repr=False)


@dataclass(frozen=True)
class ExperimentSubject:
    """An experiment file of a plugin."""

    file: ExperimentFile
    registry: Registry = field(repr=False)


@promise("answers every hook with what the hook asks for")
def answers_hooks(whole: Whole) -> Iterator[str]:
    """Call every hook that returns something."""
    for kind in KINDS:
        whole.registry.entries(kind)
    find_experiments(whole.registry)
    for problem in whole.registry.plugins.problems:
        if problem.plugin == whole.plugin.name:
            yield problem.reason


@promise("reads its records without torch or other heavy libraries")
def reads_without_torch(whole: Whole) -> Iterator[str]:
    """Read all records in a fresh interpreter and see what it imported."""
    with scratch_subfolder() as folder:
        answer = folder / "heavy.json"
        arguments = [json.dumps(sys.path), json.dumps(HEAVY), str(answer)]
        environment = {**os.environ, "DLBENCH_PLUGINS": whole.plugin.name}
        environment.pop("DLBENCH_STRICT_PLUGINS", None)
        done = subprocess.run(
            [sys.executable, "-P", "-c", _READ, *arguments], env=environment, capture_output=True, text=True
        )
        if not answer.exists():
            yield f"reading them in a fresh interpreter failed: {done.stderr.strip().splitlines()[-1:]}"
            return
        for name in json.loads(answer.read_text()):
            yield f"reading them imports {name}: every command would wait for it; import it in the factory's module"


@promise("says which versions of dlbench it works with")
def says_its_range(whole: Whole) -> Iterator[str]:
    """Look for the requirement, from which a later dlbench sees that it is too new."""
    if whole.plugin.built_in:
        raise Unproven
    lines = metadata.distribution(whole.plugin.distribution).requires or []
    wanted = [each for each in map(Requirement, lines) if each.name.lower() == "dlbench" and not each.marker]
    if not wanted:
        yield f'{whole.plugin.distribution} does not require dlbench: write dependencies = ["dlbench>=0.1,<0.3"]'
    elif not any(bound.operator in ("<", "<=", "==", "~=") for each in wanted for bound in each.specifier):
        yield f"{whole.plugin.distribution} requires {wanted[0]}, with no upper bound"


@promise("observes a run without a fault, and prints nothing")
def observes(whole: Whole) -> Iterator[str]:
    """Call its observers as in a run of one trial."""
    hooks = {hook: getattr(whole.registry.plugins.manager.hook, hook) for hook in OBSERVERS}
    mine = [hook for hook, caller in hooks.items() if whole.plugin.name in _names(caller)]
    if not mine:
        raise Unproven
    with scratch_subfolder() as folder:
        for hook, arguments in _made_up_run(whole.registry, folder / "made-up"):
            if hook not in mine:
                continue
            (implementation,) = [i for i in hooks[hook].get_hookimpls() if i.plugin_name == whole.plugin.name]
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed):
                implementation.function(*(arguments[name] for name in implementation.argnames))
            if printed.getvalue():
                yield f"{hook} printed {printed.getvalue().strip()!r}: standard output is the command's"


def _names(caller: Any) -> set[str]:
    return {implementation.plugin_name for implementation in caller.get_hookimpls()}


def _made_up_run(registry: Registry, path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the hooks of a run of one done and one failed trial, in their order; its folder is a real one."""
    values = {"model": ("linear",), "epochs": ("1",), "device": ("cpu",), "precision": ("float32",)}
    plan = build(Request(values=values, seeds=2), registry)
    first, second = plan.trials
    epoch = {"epoch": 1, "train_loss": 2.0, "train_accuracy": 0.25, "validation_loss": None, "learning_rate": 0.001}
    metrics = {"test_accuracy": 0.5, "test_loss": 1.0, "validation_accuracy": 0.5}
    done = TrialRecord(trial=first, status="done", metrics=metrics, cost={"train_seconds": 0.1}, epochs=(epoch,))
    failed = TrialRecord(trial=second, status="failed", message="out of luck")
    with RunFolder(path) as folder:
        manifest = folder.start(plan.record, ["dlbench", "compare"], collect_provenance({}, {}))
        yield "dlbench_run_started", {"manifest": manifest}
        yield "dlbench_epoch_finished", {"trial": first, "metrics": epoch}
        for record in (done, failed):
            folder.add(record)
            yield "dlbench_trial_finished", {"record": record}
    yield "dlbench_run_finished", {"folder": path}


@promise("parses, and names components, variants and metrics that exist")
def experiment_is_valid(subject: ExperimentSubject) -> Iterator[str]:
    """Read the file and plan it."""
    try:
        experiment = load_experiment(subject.file.path, subject.file.plugin)
        check_metrics(experiment, check(experiment, subject.registry).diagnostics.values)
    except DlbenchError as error:
        yield str(error)


PLUGIN_PROMISES = (answers_hooks, reads_without_torch, says_its_range, observes)
EXPERIMENT_PROMISES = (experiment_is_valid,)
