"""Plans read from JSON, whichever version wrote it; malformed content is refused here, in one sentence."""

from collections.abc import Mapping
from typing import Any

from dlbench.plans.criteria import Criteria
from dlbench.plans.plan_record import PlannedVariant, PlanRecord, Target
from dlbench.trials.diagnostics import DiagnosticsPlan

_REQUIRED = ("axes", "fixed", "variants", "seeds", "baseline")
_OPTIONAL = ("experiment", "judging", "noise_floor", "watch", "target")
#: What the keys of the criteria accept: types, and in words.
_CRITERIA: Mapping[str, tuple[tuple[type, ...], str]] = {
    "metric": ((str,), "a text"),
    "at": ((str, int), "a text or a number"),
    "margin": ((int, float), "a number"),
    "alpha": ((int, float), "a number"),
    "baseline": ((str,), "a text"),
    "all_pairs": ((bool,), "true or false"),
}


def parse_plan(json: object) -> PlanRecord:
    """Read a plan from a manifest's JSON. Raises ValueError, in one sentence, where it is malformed."""
    content = _table(json, "content")
    if missing := [key for key in _REQUIRED if key not in content]:
        raise ValueError(f"its plan lacks {', '.join(missing)}")
    axes = _table(content["axes"], "axes")
    record = PlanRecord(
        axes={axis: _texts(values, f"axis {axis}") for axis, values in axes.items()},
        fixed=_text_table(content["fixed"], "fixed"),
        variants=tuple(_variant(each) for each in _list(content["variants"], "variants")),
        seeds=_numbers(content["seeds"], "seeds"),
        baseline=_text(content["baseline"], "baseline"),
        experiment=_text(content.get("experiment", ""), "experiment"),
        judging=_criteria(content["judging"], content["baseline"]) if content.get("judging") else None,
        noise_floor=_numbers(content.get("noise_floor", []), "noise_floor"),
        diagnostics=_diagnostics(content.get("watch") or {}),
        target=_target(content["target"]) if content.get("target") else None,
        unknown={key: value for key, value in content.items() if key not in (*_REQUIRED, *_OPTIONAL)},
    )
    if record.variants and record.baseline not in [variant.label for variant in record.variants]:
        raise ValueError(f"its plan's baseline {record.baseline!r} is not among the variants")
    return record


def _variant(content: object) -> PlannedVariant:
    variant = _table(content, "variant")
    label = _text(variant.get("label"), "variant's label")
    return PlannedVariant(
        label=label,
        values=_text_table(variant.get("values"), f"values of {label}"),
        variant_id=_text(variant.get("variant_id"), f"variant_id of {label}"),
    )


def _criteria(content: object, baseline: str) -> Criteria:
    """Read the criteria; the plan's baseline stands in where they name none."""
    judging = {"baseline": baseline, **_table(content, "judging")}
    for key, (types, wanted) in _CRITERIA.items():
        if key in judging and not isinstance(judging[key], types):
            raise _malformed(f"judging.{key}", wanted, judging[key])
    return Criteria.from_json(judging | {"looks": _numbers(judging.get("looks", []), "judging.looks")})


def _diagnostics(content: object) -> DiagnosticsPlan:
    try:
        return DiagnosticsPlan.from_json(_table(content, "watch"))
    except TypeError:
        raise _malformed("watch", "lists of diagnostics, epochs and values", content) from None


def _target(content: object) -> Target:
    target = _table(content, "target")
    return Target(
        metric=_text(target.get("metric"), "target.metric"),
        fraction=_number(target.get("fraction"), "target.fraction"),
        baseline=_text(target.get("baseline"), "target.baseline"),
        values={
            name: _number(value, f"target of {name}") for name, value in _table(target.get("values"), "target").items()
        },
    )


def _table(value: object, name: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise _malformed(name, "a table", value)
    return value


def _text_table(value: object, name: str) -> dict[str, str]:
    return {key: _text(text, f"{name}: {key}") for key, text in _table(value, name).items()}


def _list(value: object, name: str) -> list[Any]:
    if not isinstance(value, list):
        raise _malformed(name, "a list", value)
    return value


def _texts(value: object, name: str) -> tuple[str, ...]:
    return tuple(_text(each, name) for each in _list(value, name))


def _numbers(value: object, name: str) -> tuple[int, ...]:
    numbers = _list(value, name)
    if not all(type(number) is int for number in numbers):
        raise _malformed(name, "a list of whole numbers", value)
    return tuple(numbers)


def _text(value: object, name: str) -> str:
    if not isinstance(value, str):
        raise _malformed(name, "a text", value)
    return value


def _number(value: object, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _malformed(name, "a number", value)
    return value


def _malformed(name: str, wanted: str, value: object) -> ValueError:
    shown = repr(value)
    return ValueError(f"its plan's {name} must be {wanted}, got {shown if len(shown) <= 60 else f'{shown[:59]}…'}")
