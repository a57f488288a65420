"""Complete trials with what depends on the machine: prepared data sets, devices, "auto". torch runs in a worker."""

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any, TypeVar

from dlbench.components.choice import Selection
from dlbench.components.records import Dataset, ParameterValue
from dlbench.components.user_code import UserCode
from dlbench.dataset_index import PreparedInfo, Snapshot, last_prepared, lookup
from dlbench.errors import DataMissingError, DlbenchError, suggest
from dlbench.executors.task_worker import TaskWorker
from dlbench.files import at_home
from dlbench.machine import Machine, may_have_accelerator
from dlbench.plans.plan import Plan
from dlbench.plugins.registry import Entry, Registry
from dlbench.sessions.automatic import agreed_settings, resolve_settings
from dlbench.trials.identity import canonical_json
from dlbench.trials.node import Node
from dlbench.trials.settings import Settings
from dlbench.trials.split import split_problem, test_size_problem
from dlbench.trials.trial import Trial

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

Answer = TypeVar("Answer")


class TrialResolver:
    """Completes trials with what depends on the machine. A worker process starts only when one is needed.

    note: called with a sentence before anything that takes long or uses the network.
    nodes: where the trials will run, if not here.
    """

    def __init__(
        self,
        registry: Registry,
        data_dir: Path,
        stop: Event,
        note: Callable[[str], None],
        nodes: Sequence[Node] = (),
    ) -> None:
        self.registry = registry
        self.nodes = nodes
        self.data_dir = data_dir
        self.stop = stop
        self.note = note
        self._worker = TaskWorker(stop)
        self._machine: Machine | None = None
        self._prepared: dict[str, PreparedInfo] = {}
        self._noted: set[str] = set()

    def __enter__(self) -> "TrialResolver":
        return self

    def __exit__(self, *_: "TracebackType | type[BaseException] | BaseException | None") -> None:
        self._worker.end()

    def complete(self, trial: Trial, own_validation: bool = False) -> tuple[Trial, str]:
        """Return the trial with its data set's digest and shape, "auto" resolved; and why it cannot run, or "".

        own_validation: whether to use the data set's own validation split where it has one.
        """
        info = self.prepared(trial.dataset)
        if own_validation and info.validation_size:
            trial = replace(trial, settings=replace(trial.settings, validation="own"))
            self._note_once(
                f"{trial.dataset.short}: validated on its own {info.validation_size:,} validation images "
                "(--validation 0.2 takes a part of the training images instead)."
            )
        wanted = trial.settings
        problem = split_problem(
            wanted.validation, wanted.train_size, info.train_size, info.validation_size, wanted.batch_size
        ) or test_size_problem(wanted.test_size, info.test_size)
        completed = replace(
            trial,
            settings=agreed_settings(wanted, self.nodes) if self.nodes else self._settings(wanted),
            dataset_digest=info.digest,
            input_shape=info.input_shape,
            num_classes=info.num_classes,
        )
        return completed, problem or ""

    def _note_once(self, text: str) -> None:
        if text not in self._noted:
            self._noted.add(text)
            self.note(text)

    def prepared(self, dataset: Selection) -> PreparedInfo:
        """Return the facts about a data set, preparing it if necessary; a note precedes a download."""
        key = canonical_json(dataset.identity)
        if key not in self._prepared:
            entry = self.registry.get(Dataset, dataset.name)
            self._prepared[key] = known_data(entry, dataset.parameters, self.data_dir) or self.prepare(
                entry, dataset.parameters
            )
        return self._prepared[key]

    def prepare(self, entry: Entry[Dataset], parameters: "Mapping[str, ParameterValue]") -> PreparedInfo:
        """Prepare a data set in a worker; download what is not on disk, after a note."""
        self.note(f"Preparing the data set {entry.record.name}.")
        before = last_prepared(entry.name, parameters, entry.plugin.version, self.data_dir)
        try:
            info = self._prepare(entry, parameters, download=False)
        except DataMissingError:
            size = _download_size(entry)
            if not size:
                raise
            self.note(f"{entry.record.name} is not in {self.data_dir}: downloading {size} from its publisher.")
            info = self._prepare(entry, parameters, download=True)
        self.note(f"{entry.record.name}: {info.sentence}.")
        if before and before.info.digest != info.digest:
            self._note_changes(entry, parameters, before)
        return info

    def _note_changes(
        self, entry: Entry[Dataset], parameters: "Mapping[str, ParameterValue]", before: Snapshot
    ) -> None:
        """Note what has changed in a data set since it was last prepared."""
        from dlbench.executors.tasks import describe_changes

        now = last_prepared(entry.name, parameters, entry.plugin.version, self.data_dir)
        path = str(parameters.get("path") or "")
        changes = self.call(describe_changes, before, now, path, str(self.data_dir)) if now else ()
        said = f": {'; '.join(changes)}" if changes else ""
        self.note(
            f"{path or entry.record.name} has changed since it was last read{said}. Its trials are computed anew."
        )

    def _prepare(
        self, entry: Entry[Dataset], parameters: "Mapping[str, ParameterValue]", *, download: bool
    ) -> PreparedInfo:
        from dlbench.executors.tasks import prepare_dataset

        arguments = (entry.name, dict(parameters), str(self.data_dir), download, self._user_code(entry.name))
        return self._worker.call(prepare_dataset, *arguments, report=Tenths(entry.record.name, self.note).report)

    def verify(self, dataset: Selection) -> tuple[PreparedInfo, bool]:
        """Read a data set's files again in a worker; return its facts, and whether its prepared arrays were damaged."""
        from dlbench.executors.tasks import verify_dataset

        user_code = self._user_code(dataset.name)
        return self.call(verify_dataset, dataset.name, dict(dataset.parameters), str(self.data_dir), user_code)

    def _user_code(self, name: str) -> tuple[UserCode, ...]:
        return self.registry.user.codes((name.partition("/")[0],))

    def machine(self, probe: bool = False) -> Machine:
        """Return what torch finds here, or on the first node.

        torch is not asked where neither a probe nor an accelerator is possible.
        """
        from dlbench.executors.tasks import probe_machine

        if self.nodes:
            return self.nodes[0].machine
        if self._machine is None and (probe or may_have_accelerator()):
            self._machine = self.call(probe_machine)
        return self._machine or Machine()

    def _settings(self, wanted: Settings) -> Settings:
        """Return settings with what "auto" means here."""
        device = self._device(wanted.device)
        asked = "auto" in (wanted.precision, wanted.matmul_precision)
        machine = self.machine(probe=True) if asked else Machine()
        return resolve_settings(replace(wanted, device=device), machine)

    def _device(self, wanted: str) -> str:
        if wanted == "cpu":
            return wanted
        machine = self.machine(probe=wanted != "auto")
        device = machine.device(wanted)
        if device not in machine.devices:
            raise DlbenchError(
                f"No {device} device is available: torch finds {', '.join(machine.devices)}.",
                "Use --device cpu, or omit the option.",
            )
        return device

    def call(self, function: Callable[..., Answer], *arguments: Any) -> Answer:
        """Run a task in a worker and return its answer; KeyboardInterrupt once `stop` is set."""
        return self._worker.call(function, *arguments)


class Tenths:
    """Notes how many images are prepared: at each tenth of them, and no sooner than two seconds after the last note.

    clock: a monotonic clock, in seconds.
    """

    SECONDS = 2.0

    def __init__(self, name: str, note: Callable[[str], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._name, self._note, self._clock = name, note, clock
        self._tenth, self._noted = 0, clock()

    def report(self, done: int, total: int) -> None:
        """Note how many of all images are prepared, where that is due."""
        tenth = 10 * done // max(total, 1)
        if self._tenth < tenth < 10 and self._clock() - self._noted >= self.SECONDS:
            self._tenth, self._noted = tenth, self._clock()
            self._note(f"Preparing {self._name}: {done:,} of {total:,} images done.")


def check_paths(plan: Plan, registry: Registry) -> None:
    """Raise DataMissingError for a data set of the user's whose path does not exist, before anything is prepared."""
    for selection in {variant.trial.dataset.text: variant.trial.dataset for variant in plan.variants}.values():
        path = selection.parameters.get("path")
        if isinstance(path, str) and not (place := at_home(path)).exists():
            name = registry.get(Dataset, selection.name).record.name
            near = sorted(each.name for each in place.parent.iterdir()) if place.parent.is_dir() else []
            raise DataMissingError(
                f"The data set {name} is not on disk: there is no file or folder {path} (in {Path.cwd()}).",
                suggest(place.name, near, f"Type the path of yours, as in {name}:path=…"),
            )


def known_data(
    entry: Entry[Dataset], parameters: "Mapping[str, ParameterValue]", data_dir: Path
) -> PreparedInfo | None:
    """Return the facts about a data set if it is prepared and its files are unchanged; else None."""
    return lookup(entry.name, parameters, entry.plugin.version, entry.record, data_dir)


def _download_size(entry: Entry[Dataset]) -> str:
    size = entry.record.download_bytes
    return f"{size / 1e6:,.0f} MB" if size else ""


def data_folder(option: Path | None, configured: Path | None, default: Callable[[], Path]) -> Path:
    """Return the data folder: the option's, else DLBENCH_DATA_DIR, else dlbench.toml's, else the platform's."""
    variable = os.environ.get("DLBENCH_DATA_DIR")
    return at_home(option or variable or configured or default()).absolute()
