import re
import tomllib
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from dlbench.components.axes import AXES
from dlbench.components.syntax import format_value, parse_reference
from dlbench.plugins.registry import Registry
from dlbench.trials.settings import SETTINGS
from dlbench_cnn_settings.plugin import dlbench_experiments

PLUGIN = "cnn-settings"
EXPERIMENTS = {path.stem: path for path in dlbench_experiments()}
TABLES = {"settings", "axes", "variants", "reported", "claims"}
KEYS = {"schema", "title", "report", "description", "seeds", "diagnostics"} | TABLES
REGISTRY = Registry.load()


def read(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))


def texts(value: object) -> list[str]:
    return [format_value(item).strip('"') for item in (value if isinstance(value, list) else [value])]


def assignments(experiment: dict[str, Any]) -> list[tuple[str, str]]:
    """Return every setting and component of a file with each value it gets."""
    tables = [experiment.get("settings", {}), experiment.get("axes", {}), *experiment.get("variants", [])]
    pairs = [(name, value) for table in tables for name, value in table.items() if name != "name"]
    return [(name, text) for name, value in pairs for text in texts(value)]


def variant_names(experiment: dict[str, Any]) -> set[str]:
    """Return the names that reported figures and relations may use: variants, combinations of values, and axes."""
    axes = {axis: texts(values) for axis, values in experiment.get("axes", {}).items()}
    combinations = {", ".join(values) for values in product(*axes.values())}
    return {variant["name"] for variant in experiment.get("variants", [])} | combinations | axes.keys()


def operands(relation: str) -> list[str]:
    quoted = re.findall(r'"([^"]+)"', relation)
    words = re.findall(r"[a-z][\w.-]*", re.sub(r'"[^"]+"', "", relation))
    return quoted + [word for word in words if word != "interaction"]


def test_every_experiment_of_the_report_has_a_file() -> None:
    assert set(EXPERIMENTS) == {
        "batch-size",
        "batch-size-learning-rate",
        "activation-mnist",
        "dropout",
        "activation-cifar10",
        "activation-depth",
        "activation-and-depth",
        "alexnet-techniques",
        "dying-relu",
    }


@pytest.mark.parametrize("path", EXPERIMENTS.values(), ids=EXPERIMENTS.keys())
def test_components_resolve_and_settings_are_accepted(path: Path) -> None:
    experiment = read(path)
    assert experiment.keys() <= KEYS
    assert experiment["schema"] == 1
    assert experiment["report"] == PLUGIN
    for name, text in assignments(experiment):
        if name in AXES:
            assert REGISTRY.select(AXES[name].kind, parse_reference(text), prefer=PLUGIN)
        else:
            assert SETTINGS[name].parse(text) is not None


@pytest.mark.parametrize("path", EXPERIMENTS.values(), ids=EXPERIMENTS.keys())
def test_reported_figures_and_claims_name_variants_of_their_file(path: Path) -> None:
    experiment = read(path)
    known = variant_names(experiment)
    for figure in experiment.get("reported", []):
        assert figure.keys() == {"variant", "metric", "at", "value", "place"}
        assert figure["variant"] in known
    for claim in experiment.get("claims", []):
        assert {"text", "metric", "relation"} <= claim.keys()
        assert set(operands(claim["relation"])) <= known
        assert len(operands(claim["relation"])) >= 2


def test_every_figure_of_the_report_s_two_tables_stands_in_a_file() -> None:
    assert len(read(EXPERIMENTS["batch-size"])["reported"]) == 3 * 5
    assert len(read(EXPERIMENTS["activation-depth"])["reported"]) == 4 * 3


def test_alexnet_s_techniques_are_switched_on_one_at_a_time_and_all_together() -> None:
    experiment = read(EXPERIMENTS["alexnet-techniques"])
    for network in ("simple", "improved"):
        switched = [
            (variant["activation"] == "relu") + variant["model"].count("=true") + variant["model"].count("dropout=0.5")
            for variant in experiment["variants"]
            if variant["name"].split()[0] == network
        ]
        assert switched == [0, 1, 1, 1, 1, 4]
