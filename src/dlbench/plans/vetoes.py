"""Combinations that cannot run: a reason for each, from the records and from the plugins' own vetoes."""

from collections.abc import Sequence

from dlbench.components.records import Model
from dlbench.errors import DlbenchError
from dlbench.plugins.registry import Registry
from dlbench.trials.trial import Trial

_SHOWN = 12


def veto_reason(trial: Trial, registry: Registry) -> str:
    """Return why the combination cannot run, or ""."""
    model = _model(trial, registry)
    chosen = trial.activation.name
    device, precision = trial.settings.device, trial.settings.precision
    if model.activation is None and chosen != "none":
        return f"{model.name} has no activation to vary"
    if model.activation != "own" and chosen == "own":
        return f"{model.name} has no activation of its own"
    if _too_small(model, trial.input_shape):
        _, height, width = trial.input_shape or (0, 0, 0)
        needed = f"{model.minimum_size}×{model.minimum_size}"
        return f"images of {height}×{width} are too small for {model.name}, which needs {needed}"
    if device not in ("auto", *model.devices):
        return f"{model.name} does not run on {device}"
    if precision not in ("auto", *model.precisions):
        return f"{model.name} does not run in {precision}"
    for plugin, reason in registry.plugins.call("dlbench_veto", trial=trial):
        if isinstance(reason, str) and reason:
            return reason if plugin.built_in else f"{reason} (says {plugin.name})"
    return ""


def nothing_left(vetoes: Sequence[tuple[Trial, str]], registry: Registry) -> DlbenchError:
    """Return the error for a plan without any combination: the reasons, and what to choose instead."""
    message = f"No combination is left: {'; '.join(dict.fromkeys(reason for _, reason in vetoes))}."
    if not all(_too_small(_model(trial, registry), trial.input_shape) for trial, _ in vetoes):
        return DlbenchError(message, "Omit what the reason names, or choose others: `dlbench list models`.")
    shape = vetoes[0][0].input_shape
    records = [entry.record for entry in registry.entries(Model)]
    takers = [record.name for record in records if not _too_small(record, shape)]
    more = f" and {len(takers) - _SHOWN} more" if len(takers) > _SHOWN else ""
    return DlbenchError(message, f"These models take such images: {', '.join(takers[:_SHOWN])}{more}.")


def _too_small(model: Model, shape: tuple[int, int, int] | None) -> bool:
    return shape is not None and min(shape[1:]) < model.minimum_size


def _model(trial: Trial, registry: Registry) -> Model:
    return registry.get(Model, trial.model.name).record
