"""Which units run at once on this machine, and on which of its GPUs."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from dlbench.executors.gpus import ANY, VISIBLE, usable_gpus
from dlbench.executors.mps import Mps, daemon_runs
from dlbench.machine import available_cores
from dlbench.trials.work_unit import WorkUnit

if TYPE_CHECKING:
    from dlbench.executors.running_unit import RunningUnit

#: Units at once on a GPU that several share: more gained little on the GPU where it was measured.
_SHARED = 8


class Slots:
    """The room for units: what the user says, else what there are cores for, and one unit on each GPU, more under MPS.

    jobs: how many at once, over all GPUs together.
    mps: starts NVIDIA's MPS, under which several units share a GPU; None: it counts where it runs.
    """

    def __init__(self, jobs: int | None, mps: Mps | None = None) -> None:
        self._cores = available_cores()
        self._counted = jobs is not None
        self.limit = jobs or self._cores
        self._mps = mps
        self._told = False

    @cached_property
    def gpus(self) -> Sequence[str]:
        """Return the GPUs that there are; the first look starts MPS, if it is asked for."""
        found = usable_gpus() or (ANY,)  # CUDA itself says why it finds none
        return self._mps.start(found) if self._mps else found

    def fit(self, unit: WorkUnit | None, running: "Collection[RunningUnit]") -> bool:
        """Return whether a unit may begin beside those that run; None: of which nothing is known."""
        if len(running) >= self.limit:
            return False
        if self._counted or not running or unit is None:
            return True
        if unit.resources.cpus + sum(state.unit.resources.cpus for state in running) > self._cores:
            return False
        return not on_gpu(unit) or sum(state.gpu is not None for state in running) < self._room_on_gpus()

    def gpu_for(self, unit: WorkUnit, running: "Collection[RunningUnit]") -> str | None:
        """Return the GPU with the fewest units for another one; None for one that needs none."""
        if not on_gpu(unit):
            return None
        units = Counter(state.gpu for state in running)
        return min(self.gpus, key=lambda gpu: units[gpu])

    def variables(self, gpu: str | None) -> Mapping[str, str]:
        """Return the variables with which a worker sees one GPU alone."""
        if gpu is None:
            return {}
        return (self._mps.variables if self._mps else {}) | ({VISIBLE: gpu} if gpu != ANY else {})

    def notes(self, running: "Collection[RunningUnit]") -> list[str]:
        """Return what is to be said of how the units run, each sentence once."""
        said = self._mps.take_notes() if self._mps else []
        units = Counter(state.gpu for state in running if state.gpu is not None)
        if not self._told and max(units.values(), default=0) > 1:
            self._told = True
            if not self._mps_runs:
                gpus = f"{len(self.gpus)} GPU{'s' * (len(self.gpus) != 1)}"
                said.append(
                    f"Up to {self.limit} trials at once share {gpus}: without NVIDIA's MPS (--mps) trials on one GPU "
                    "take turns, which gains nothing."
                )
        return said

    def _room_on_gpus(self) -> int:
        gpus = len(self.gpus)  # MPS starts, where it is asked for
        return gpus * (_SHARED if self._mps_runs else 1)

    @cached_property
    def _mps_runs(self) -> bool:
        return self._mps.active if self._mps else daemon_runs()


def on_gpu(unit: WorkUnit) -> bool:
    """Return whether a unit trains on an NVIDIA GPU."""
    return any(trial.settings.device == "cuda" for trial in unit.trials)
