"""The checks of `dlbench doctor`: what each found, whether that is a problem, and what to do about it."""

import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from dlbench.components.choice import resolve_parameters
from dlbench.components.records import KINDS, Dataset
from dlbench.errors import DlbenchError
from dlbench.machine import LOSSLESS_ERROR, Training
from dlbench.plugins.registry import Registry
from dlbench.sessions.resolve import known_data

Health = Literal["ok", "note", "broken"]


_GPU_ADVICE = (
    "--cuda-graphs true trains small networks several times as fast; --matmul-precision high (TF32) or --precision "
    "bfloat16 larger ones. Trials at once only take turns on a GPU, unless they share it by NVIDIA's MPS (--mps)."
)


@dataclass(frozen=True)
class Check:
    """The result of one check.

    name: what was checked.
    found: what was found.
    health: "note" is worth knowing, "broken" prevents something from working.
    advice: what to do.
    """

    name: str
    found: str
    health: Health = "ok"
    advice: str = ""


def examine_defaults(faults: Iterable[DlbenchError]) -> Iterator[Check]:
    """Check the files of defaults, by what is wrong with them."""
    for fault in faults:
        yield Check("dlbench.toml", fault.message, "broken", fault.hint)


def examine_provenance(provenance: Mapping[str, Any]) -> Iterator[Check]:
    """Check versions and hardware, as in a session's provenance."""
    yield Check("versions", ", ".join(f"{name} {version}" for name, version in provenance["versions"].items()))
    hardware = provenance["hardware"]
    memory = f", {hardware['memory_bytes'] / 2**30:.0f} GiB" if hardware["memory_bytes"] else ""
    cores = f"{hardware['cores']} core{'s' * (hardware['cores'] != 1)}"
    yield Check("machine", f"{hardware['cpu']}, {cores}{memory}, {hardware['platform']}")


def examine_training(training: Training, cores: int) -> Iterator[Check]:
    """Check what determines the speed of training."""
    devices = training.machine.devices
    name = f" ({training.machine.device_name})" if training.machine.device_name else ""
    yield Check("devices", ", ".join(devices) + name, advice=_GPU_ADVICE if "cuda" in devices else "")
    jobs = "trial" if cores == 1 else "trials"
    yield Check("trials at once", f"{cores} {jobs}, each on one thread (--jobs, --threads)")
    if training.allocator:
        yield Check("allocator", "glibc; workers keep the memory that they free")
    else:
        advice = "Large batches may be slow: their memory is mapped again at each step."
        yield Check("allocator", "not glibc: default settings", "note", advice)
    yield _bfloat16(training)
    yield _matmul(training)
    for precision, peaks in training.peaks.items():
        found = f"{peaks.matmul:.0f} GFLOP/s in matrix products, {peaks.convolution:.0f} in convolutions, one thread"
        yield Check(f"peak {precision}", found)


def _bfloat16(training: Training) -> Check:
    native = training.machine.precision("auto", "cpu") == "bfloat16"
    if native:
        return Check("bfloat16", "native on the CPU", advice="--precision bfloat16 (or auto) trains faster here.")
    return Check(
        "bfloat16", "not native on the CPU", "note", "--precision bfloat16 would be slow; auto is float32 here."
    )


def _matmul(training: Training) -> Check:
    errors, rates = training.machine.matmul_errors, training.linear_rates
    parts = [f"{name}: {rates[name]:.0f} GFLOP/s, error {error:.0e}" for name, error in errors.items()]
    chosen = training.machine.matmul_precision("auto", "cpu")
    lossless = f"{chosen} loses no digits (error below {LOSSLESS_ERROR:.0e})"
    gain = rates[chosen] / rates["highest"]
    advice = f"--matmul-precision auto takes {chosen}: {gain:.2f} times the speed." if gain > 1 else ""
    return Check("matmul precision", f"{'; '.join(parts)}; {lossless}", advice=advice)


def examine_plugins(registry: Registry) -> Iterator[Check]:
    """Check every plugin by calling its hooks."""
    for kind in KINDS:
        registry.entries(kind)
    for plugin in registry.plugins.plugins:
        yield Check(f"plugin {plugin.name}", f"{plugin.distribution} {plugin.version}")
    for problem in registry.plugins.problems:
        yield Check(f"plugin {problem.plugin}", problem.reason, "broken", problem.remedy)


def examine_data(registry: Registry, folder: Path) -> Iterator[Check]:
    """Check the data folder and list the data sets prepared in it."""
    advice = "Choose another with --data-dir or DLBENCH_DATA_DIR."
    yield _writable("data folder", folder, advice)
    ready = [
        entry.record.name
        for entry in registry.entries(Dataset)
        if known_data(entry, resolve_parameters(entry.record.parameters, {}), folder)
    ]
    yield Check("prepared data sets", ", ".join(ready) or "none yet", advice="dlbench data list shows all.")


def examine_results(folder: Path) -> Check:
    """Check whether runs can be written."""
    return _writable("results folder", folder, "Choose another with --results-dir or DLBENCH_RESULTS_DIR.")


def _writable(name: str, folder: Path, advice: str) -> Check:
    """Try to write to a folder or, if it does not exist, to its nearest existing parent."""
    try:
        existing = next(path for path in (folder, *folder.absolute().parents) if _exists(path))
        with tempfile.TemporaryFile(dir=existing):
            pass
    except OSError as error:
        return Check(name, f"{folder}: cannot be written to ({os.strerror(error.errno or 0)})", "broken", advice)
    return Check(name, f"{folder}" if existing == folder else f"{folder} (created when needed)")


def _exists(path: Path) -> bool:
    """Return whether there is something at a path; an OSError says why that cannot be known."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True
