"""Several trials in a unit, so that a task on another machine lasts long enough to be worth its start."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from dlbench.trials.trial import Trial
from dlbench.trials.work_unit import WorkUnit


def packed(
    units: Iterator[WorkUnit],
    seconds: Callable[[Trial], float | None],
    *,
    least: float,
    slots: int,
    left: int,
) -> Iterator[WorkUnit]:
    """Join units of one trial each, one after another as they are asked for.

    Trials whose time is unknown stay alone, and those of units that differ in more than their trials.

    seconds: what a trial takes, as far as earlier ones tell.
    least: how long a joined unit lasts at least.
    slots: how many run at once. At the end there is a unit for each.
    left: how many units there are at most.
    """
    joined: list[WorkUnit] = []
    lasting = 0.0
    for unit in units:
        takes = seconds(unit.trials[0])
        if joined and (takes is None or not _alike(joined[0], unit)):
            yield _join(joined)
            joined, lasting = [], 0.0
        joined.append(unit)
        left -= 1
        lasting += least if takes is None else takes
        if lasting >= least or len(joined) >= left // max(slots, 1):
            yield _join(joined)
            joined, lasting = [], 0.0
    if joined:
        yield _join(joined)


def _alike(one: WorkUnit, other: WorkUnit) -> bool:
    return replace(one, trials=()) == replace(other, trials=())


def _join(units: list[WorkUnit]) -> WorkUnit:
    return replace(units[0], trials=tuple(trial for unit in units for trial in unit.trials))
