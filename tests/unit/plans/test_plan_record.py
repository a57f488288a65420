"""The record of a plan: it reads every committed manifest, writes the same bytes, and refuses what is malformed."""

import ast
import json
from collections.abc import Iterator
from copy import deepcopy
from math import inf, nan
from pathlib import Path
from typing import Any

import pytest

import dlbench
from dlbench.errors import DlbenchError
from dlbench.plans.criteria import Criteria
from dlbench.plans.parse import parse_plan
from dlbench.plans.plan_record import PlanRecord
from dlbench.runs.manifest import read_manifest, write_manifest

ROOT = Path(__file__).parents[3]
RUNS = sorted(path.parent for path in ROOT.glob("results/*/manifest.json"))
PLAN: dict[str, Any] = {
    "axes": {"activation": ["relu", "tanh"]},
    "fixed": {"dataset": "standard/digits", "epochs": "10"},
    "variants": [
        {"label": "relu", "values": {"activation": "relu"}, "variant_id": "1a"},
        {"label": "tanh", "values": {"activation": "tanh"}, "variant_id": "2b"},
    ],
    "seeds": [0, 1, 2],
    "baseline": "tanh",
    "experiment": "foundations/activations",
    "judging": {
        "metric": "test_accuracy",
        "at": "selected",
        "margin": 0.002,
        "alpha": 0.05,
        "baseline": "tanh",
        "all_pairs": False,
        "test": "independent",
        "looks": [2, 3],
    },
    "noise_floor": [10_000, 10_001],
    "watch": {"diagnostics": ["standard/saturation"], "at": ["last"], "values": ["saturation"]},
    "target": {
        "metric": "validation_accuracy",
        "fraction": 0.8,
        "baseline": "tanh",
        "values": {"standard/digits": 0.5},
    },
}


@pytest.mark.parametrize("run", RUNS, ids=lambda run: run.name)
def test_every_committed_manifest_is_written_as_it_was_read(run: Path, tmp_path: Path) -> None:
    manifest = read_manifest(run)
    assert manifest is not None
    write_manifest(tmp_path, manifest)
    assert (tmp_path / "manifest.json").read_bytes() == (run / "manifest.json").read_bytes()


def test_the_committed_runs_are_found() -> None:
    assert len(RUNS) > 30


def test_a_plan_with_every_key_comes_back_in_the_same_order() -> None:
    assert json.dumps(parse_plan(PLAN).to_json()) == json.dumps(PLAN)


def test_a_plan_with_only_the_required_keys_gains_none() -> None:
    least = {key: PLAN[key] for key in ("axes", "fixed", "variants", "seeds", "baseline")}
    record = parse_plan(least)
    assert record.to_json() == least
    assert record.criteria == Criteria(baseline="tanh")


def test_a_test_that_is_named_must_be_one_and_one_that_is_not_is_paired() -> None:
    judging = {key: value for key, value in PLAN["judging"].items() if key != "test"}
    assert parse_plan(PLAN | {"judging": judging}).criteria.test == "paired"
    with pytest.raises(ValueError, match="must be paired or independent, got 'both'"):
        parse_plan(PLAN | {"judging": judging | {"test": "both"}})


@pytest.mark.parametrize("margin", [-0.1, 0.0, 1e300, inf, nan])
def test_a_margin_that_verdicts_accept_is_one_that_a_plan_is_read_with(margin: float) -> None:
    written = parse_plan(PLAN).to_json() | {"judging": Criteria(margin=margin).to_json()}
    try:
        Criteria(margin=margin).rules()
    except DlbenchError:
        with pytest.raises(ValueError, match="margin"):
            parse_plan(written)
    else:
        assert parse_plan(written).criteria.margin == margin


def test_unknown_keys_of_another_version_survive() -> None:
    content = PLAN | {"made_up": {"by": ["a newer", "dlbench"]}}
    assert parse_plan(content).to_json() == content


def test_criteria_that_lack_keys_get_the_defaults_and_the_plans_baseline() -> None:
    record = parse_plan(PLAN | {"judging": {"alpha": 0.01, "of a newer dlbench": 1}})
    assert record.criteria == Criteria(alpha=0.01, baseline="tanh")


def test_the_noise_floor_counts_among_the_planned_trials() -> None:
    assert parse_plan(PLAN).trial_count == 2 * 3 + 2


def test_the_baseline_and_the_varied_axes_are_found() -> None:
    record = parse_plan(PLAN | {"axes": PLAN["axes"] | {"batch_size": ["64"]}})
    assert record.baseline_variant.variant_id == "2b"
    assert record.varied_axes == ("activation",)


def changed(*path: str | int, value: Any) -> dict[str, Any]:
    """The plan with something else at a place."""
    plan: Any = deepcopy(PLAN)
    *above, last = path
    inner = plan
    for key in above:
        inner = inner[key]
    inner[last] = value
    return plan  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ([], "its plan's content must be a table, got []"),
        ({"axes": {}, "seeds": []}, "its plan lacks fixed, variants, baseline"),
        (changed("axes", value=["relu"]), "its plan's axes must be a table, got ['relu']"),
        (changed("axes", "activation", value="relu"), "its plan's axis activation must be a list, got 'relu'"),
        (changed("fixed", "epochs", value=10), "its plan's fixed: epochs must be a text, got 10"),
        (changed("variants", value={}), "its plan's variants must be a list, got {}"),
        (changed("variants", 0, value="relu"), "its plan's variant must be a table, got 'relu'"),
        (changed("variants", 0, "label", value=None), "its plan's variant's label must be a text, got None"),
        (changed("variants", 0, "variant_id", value=7), "its plan's variant_id of relu must be a text, got 7"),
        (changed("seeds", value=[0, "1"]), "its plan's seeds must be a list of whole numbers, got [0, '1']"),
        (changed("seeds", value=[True]), "its plan's seeds must be a list of whole numbers, got [True]"),
        (changed("baseline", value="elu"), "its plan's baseline 'elu' is not among the variants"),
        (changed("judging", value=3), "its plan's judging must be a table, got 3"),
        (changed("judging", "alpha", value="small"), "its plan's judging.alpha must be a number, got 'small'"),
        (changed("judging", "looks", value=7), "its plan's judging.looks must be a list, got 7"),
        (changed("watch", value={"when": ["last"]}), "its plan's watch must be lists of diagnostics"),
        (changed("target", "values", "standard/digits", value="high"), "target of standard/digits must be a number"),
    ],
)
def test_a_malformed_plan_is_refused_in_one_sentence(content: Any, problem: str) -> None:
    with pytest.raises(ValueError, match="its plan") as caught:
        parse_plan(content)
    assert problem in str(caught.value)
    assert "\n" not in str(caught.value)


# What plugins written for dictionaries do with `manifest.plan`


def test_a_plugin_reads_the_record_as_the_dictionary_that_it_was() -> None:
    plan = parse_plan(PLAN)
    assert {variant["variant_id"]: variant["label"] for variant in plan["variants"]} == {"1a": "relu", "2b": "tanh"}
    assert (plan["watch"], plan.get("watch"), plan.get("nothing", 3)) == (PLAN["watch"], PLAN["watch"], 3)
    assert "target" in plan
    assert "nothing" not in plan
    assert list(plan) == list(plan.keys()) == list(PLAN)
    assert dict(plan) == {**plan} == PLAN
    assert (bool(plan), len(plan)) == (True, len(PLAN))
    with pytest.raises(KeyError, match="nothing"):
        plan["nothing"]


def is_plan(node: ast.expr) -> bool:
    """Whether an expression is called `plan`, or is an attribute of that name."""
    return getattr(node, "id", getattr(node, "attr", "")) in ("plan", "_plan")


def readings(source: str) -> Iterator[str]:
    """The places where a plan is read as a mapping."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Subscript(value=value) if is_plan(value):
                yield ast.unparse(node)
            case ast.Attribute(value=value, attr="get" | "keys" | "items" | "values") if is_plan(value):
                yield ast.unparse(node)


@pytest.mark.parametrize("source", ['plan["axes"]', 'self.plan.get("watch")', "folder.manifest.plan.items()"])
def test_reading_a_plan_as_a_mapping_is_noticed(source: str) -> None:
    assert list(readings(source))


@pytest.mark.slow
def test_the_core_reads_plans_by_attributes_only() -> None:
    modules = Path(dlbench.__file__).parent.rglob("*.py")
    found = {path.name: list(readings(path.read_text(encoding="utf-8"))) for path in modules}
    assert {name: places for name, places in found.items() if places} == {}


def test_a_record_is_frozen() -> None:
    record: Any = parse_plan(PLAN)
    assert isinstance(record, PlanRecord)
    with pytest.raises(AttributeError):
        record.seeds = (7,)
    with pytest.raises(TypeError):
        record["seeds"] = [7]
