"""Plans read from JSON, whichever version wrote it; malformed content is refused here, in one sentence."""

import math
from collections.abc import Mapping
from typing import Any, get_args

from dlbench.components.shapes import (
    ShapeError,
    as_list,
    as_number,
    as_table,
    as_text,
    as_text_table,
    as_texts,
    as_whole,
    as_wholes,
)
from dlbench.errors import DlbenchError
from dlbench.plans.criteria import Criteria, Spending
from dlbench.plans.plan_record import PlannedVariant, PlanRecord, Target
from dlbench.plans.spread import SpreadDesign
from dlbench.plans.tuning_record import TuningRecord
from dlbench.statistics.seeds import TESTS
from dlbench.trials.diagnostics import DiagnosticsPlan

_REQUIRED = ("axes", "fixed", "variants", "seeds", "baseline")
_OPTIONAL = ("experiment", "judging", "noise_floor", "watch", "target", "finished", "tuning", "spread", "rebuilt")
#: What the keys of the criteria accept: types, and in words.
_CRITERIA: Mapping[str, tuple[tuple[type, ...], str]] = {
    "metric": ((str,), "a text"),
    "at": ((str, int), "a text or a number"),
    "baseline": ((str,), "a text"),
    "all_pairs": ((bool,), "true or false"),
    "spending": ((str,), "a text"),
    "test": ((str,), "a text"),
}


def parse_plan(json: object) -> PlanRecord:
    """Read a plan from a manifest's JSON. Raises ValueError, in one sentence, where it is malformed."""
    try:
        return _plan(as_table(json, "content"))
    except ShapeError as error:
        raise ValueError(f"its plan's {error.name} must be {error.wanted}, got {error.shown}") from None


def _plan(content: Mapping[str, Any]) -> PlanRecord:
    if missing := [key for key in _REQUIRED if key not in content]:
        raise ValueError(f"its plan lacks {', '.join(missing)}")
    axes = as_table(content["axes"], "axes")
    record = PlanRecord(
        axes={axis: as_texts(values, f"axis {axis}") for axis, values in axes.items()},
        fixed=as_text_table(content["fixed"], "fixed"),
        variants=tuple(_variant(each) for each in as_list(content["variants"], "variants")),
        seeds=as_wholes(content["seeds"], "seeds"),
        baseline=as_text(content["baseline"], "baseline"),
        experiment=as_text(content.get("experiment", ""), "experiment"),
        judging=_criteria(content["judging"], content["baseline"]) if content.get("judging") else None,
        noise_floor=as_wholes(content.get("noise_floor", []), "noise_floor"),
        diagnostics=_diagnostics(content.get("watch") or {}),
        target=_target(content["target"]) if content.get("target") else None,
        finished=_finished(content.get("finished") or {}),
        tuning=TuningRecord.from_json(content["tuning"]) if content.get("tuning") else None,
        spread=SpreadDesign.from_json(content["spread"]) if content.get("spread") else None,
        rebuilt=bool(content.get("rebuilt")),
        unknown={key: value for key, value in content.items() if key not in (*_REQUIRED, *_OPTIONAL)},
    )
    labels = [variant.label for variant in record.variants]
    if not labels:
        raise ValueError("its plan has no variants")
    if record.baseline not in labels:
        raise ValueError(f"its plan's baseline {record.baseline!r} is not among the variants")
    if len(set(labels)) < len(labels):
        raise ValueError("its plan has several variants of one label")
    return record


def _variant(content: object) -> PlannedVariant:
    variant = as_table(content, "variant")
    label = as_text(variant.get("label"), "variant's label")
    return PlannedVariant(
        label=label,
        values=as_text_table(variant.get("values"), f"values of {label}"),
        variant_id=as_text(variant.get("variant_id"), f"variant_id of {label}"),
        assigned=as_text_table(variant.get("assigned", {}), f"assigned of {label}"),
        by_seed=_by_seed(variant.get("by_seed", {}), label),
        stands_for=as_texts(variant.get("stands_for", []), f"stands_for of {label}"),
    )


def _by_seed(content: object, label: str) -> dict[int, str]:
    texts = as_text_table(content, f"trials of {label} by seed")
    if wrong := [seed for seed in texts if not seed.isdecimal()]:
        raise ShapeError(f"trials of {label} by seed", "a table by whole numbers", wrong[0])
    return {int(seed): each for seed, each in texts.items()}


def _criteria(content: object, baseline: str) -> Criteria:
    """Read the criteria; the plan's baseline stands in where they name none."""
    judging = {"baseline": baseline, **as_table(content, "judging")}
    for key, (types, wanted) in _CRITERIA.items():
        if key in judging and not isinstance(judging[key], types):
            raise ShapeError(f"judging.{key}", wanted, judging[key])
    if judging.get("spending", "even") not in get_args(Spending):
        raise ShapeError("judging.spending", " or ".join(get_args(Spending)), judging["spending"])
    if judging.get("at", "last") not in ("selected", "last"):
        as_whole(judging["at"], "judging.at", least=1)
    if judging.get("test", TESTS[0]) not in TESTS:
        raise ShapeError("judging.test", " or ".join(TESTS), judging["test"])
    if not 0 < as_number(judging.get("alpha", 0.5), "judging.alpha") < 1:
        raise ShapeError("judging.alpha", "between 0 and 1", judging["alpha"])
    if not 0 <= as_number(judging.get("least_chance", 0), "judging.least_chance") < 1:
        raise ShapeError("judging.least_chance", "from 0 to 1", judging["least_chance"])
    if not 0 <= as_number(judging.get("margin", 0), "judging.margin") < math.inf:
        raise ShapeError("judging.margin", "a number from 0", judging["margin"])
    return Criteria.from_json(judging | {"looks": as_wholes(judging.get("looks", []), "judging.looks")})


def _finished(content: object) -> dict[str, int]:
    counts = as_table(content, "finished")
    return {label: as_whole(count, f"finished.{label}") for label, count in counts.items()}


def _diagnostics(content: object) -> DiagnosticsPlan:
    try:
        return DiagnosticsPlan.from_json(as_table(content, "watch"))
    except (TypeError, DlbenchError):
        raise ShapeError("watch", "lists of diagnostics, epochs and values", content) from None


def _target(content: object) -> Target:
    target = as_table(content, "target")
    return Target(
        metric=as_text(target.get("metric"), "target.metric"),
        fraction=as_number(target.get("fraction"), "target.fraction"),
        baseline=as_text(target.get("baseline"), "target.baseline"),
        values={
            name: as_number(value, f"target of {name}")
            for name, value in as_table(target.get("values"), "target").items()
        },
    )
