import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from dlbench.components.axes import AXES
from dlbench.components.syntax import format_value, parse_reference
from dlbench.plugins.registry import Registry
from dlbench.trials.settings import SETTINGS
from dlbench_foundations.plugin import dlbench_experiments

PLUGIN = "foundations"
EXPERIMENTS = {path.stem: path for path in dlbench_experiments()}
TABLES = {"settings", "axes", "variants", "reported", "claims"}
KEYS = {"schema", "title", "report", "description", "seeds"} | TABLES
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
    """Return the names that reported figures and relations may use: variants, or values of the only axis."""
    values = [text for value in experiment.get("axes", {}).values() for text in texts(value)]
    return {variant["name"] for variant in experiment.get("variants", [])} | set(values)


def operands(relation: str) -> list[str]:
    quoted = re.findall(r'"([^"]+)"', relation)
    words = re.findall(r"[a-z][\w.-]*", re.sub(r'"[^"]+"', "", relation))
    return quoted + words


def test_every_experiment_of_the_report_has_a_file() -> None:
    assert set(EXPERIMENTS) == {"numpy-mlp", "schedules", "cnns"}


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


def test_the_schedules_experiment_has_the_report_s_ten_variants_and_every_claim() -> None:
    experiment = read(EXPERIMENTS["schedules"])
    assert len({variant["scheduler"] for variant in experiment["variants"]}) == 10
    pairs = [operands(claim["relation"]) for claim in experiment["claims"] if "best of the ten" in claim["text"]]
    assert {winner for winner, _ in pairs} == {"warm-up 5"}
    assert {rival for _, rival in pairs} == variant_names(experiment) - {"warm-up 5"}


def test_the_numpy_experiment_trains_on_500_images_in_one_step_an_epoch() -> None:
    settings = read(EXPERIMENTS["numpy-mlp"])["settings"]
    assert settings["batch_size"] == settings["train_size"] == 500
