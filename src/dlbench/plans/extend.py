"""The plan of a run folder, joined with that of a session or of another folder."""

from collections.abc import Mapping, Sequence
from typing import Any

from dlbench.errors import DlbenchError
from dlbench.trials.axes import TEXTS_BEFORE_INTRODUCED
from dlbench.trials.diagnostics import DiagnosticsPlan

Plan = Mapping[str, Any]


def extend_plan(old: Plan, new: Plan) -> dict[str, Any]:
    """Join two plans with equal fixed settings: more values of an axis, more variants, more seeds.

    What was there keeps its place; baseline and judging stay, but for looks where there were none. Other fixed settings
    are a DlbenchError that lists them.
    """
    before = {name: text for name, text in TEXTS_BEFORE_INTRODUCED.items() if name in new["fixed"]}
    fixed = {name: text for name, text in before.items() if name not in old["axes"]} | dict(old["fixed"])
    if differences := _differences(fixed, new["fixed"]):
        raise DlbenchError(
            f"The run folder holds results with other fixed settings: {'; '.join(differences)}.",
            "Choose another --name, or repeat the settings that the folder was made with.",
        )
    axes = {**old["axes"], **new["axes"]}
    known = {variant["label"]: variant["variant_id"] for variant in old["variants"]}
    for variant in new["variants"]:
        if known.get(variant["label"], variant["variant_id"]) != variant["variant_id"]:
            raise DlbenchError(
                f"The variant {variant['label']} is not the one of that name in the run folder: "
                "its data, or a value that shows neither as an axis nor as a fixed setting, has changed.",
                "Choose another --name.",
            )
    joined = {
        **new,
        **old,
        "axes": {axis: _union(old["axes"].get(axis, ()), new["axes"].get(axis, ())) for axis in axes},
        "variants": [*old["variants"], *(variant for variant in new["variants"] if variant["label"] not in known)],
        "seeds": _union(old["seeds"], new["seeds"]),
    }
    if floor := _union(old.get("noise_floor", ()), new.get("noise_floor", ())):
        joined["noise_floor"] = floor
    if diagnostics := DiagnosticsPlan.from_json(old.get("watch")).joined(DiagnosticsPlan.from_json(new.get("watch"))):
        joined["watch"] = diagnostics.to_json()
    if looks := new.get("judging", {}).get("looks"):
        # Whoever stops as soon as a verdict falls pays for every look from then on.
        joined["judging"] = {**joined["judging"], "looks": joined["judging"].get("looks") or looks}
    return joined


def _differences(old: Mapping[str, str], new: Mapping[str, str]) -> list[str]:
    names = [name for name in {**old, **new} if old.get(name) != new.get(name)]
    return [f"{name} is {old.get(name, 'varied')} there and {new.get(name, 'varied')} here" for name in names]


def _union(old: Sequence[Any], new: Sequence[Any]) -> list[Any]:
    return list(dict.fromkeys([*old, *new]))
