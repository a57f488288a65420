import tomllib
from pathlib import Path
from typing import Any

import pytest

from dlbench.components.axes import AXES
from dlbench.components.syntax import format_value, parse_reference
from dlbench.experiments.relations import Ordering, parse_relation
from dlbench.plugins.registry import Registry
from dlbench.trials.settings import SETTINGS
from dlbench_convnet_basics.plugin import dlbench_experiments

PLUGIN = "convnet-basics"
FILES = dlbench_experiments()
REGISTRY = Registry.load()

each_file = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)


def read(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))


def resolve(name: str, value: Any) -> Any:
    """Return what a line of [settings] or [[variants]] stands for; raises where it stands for nothing."""
    if name in AXES:
        return REGISTRY.select(AXES[name].kind, parse_reference(value), prefer=PLUGIN)
    return SETTINGS[name].parse(value if isinstance(value, str) else format_value(value))


def resolved(path: Path) -> dict[str, dict[str, Any]]:
    """Return every variant's settings, those held fixed among them."""
    content = read(path)
    held = {name: resolve(name, value) for name, value in content["settings"].items()}
    return {
        variant.pop("name"): held | {name: resolve(name, value) for name, value in variant.items()}
        for variant in content["variants"]
    }


def test_every_experiment_of_the_report_has_its_file() -> None:
    levels = {f"{level}-{network}" for level in ("barebones", "module", "sequential") for network in ("fc", "convnet")}
    questions = {"api-levels", "convnet-against-fc", "initialisation", "nesterov", "open-ended-changes"}
    assert {path.stem for path in FILES} == levels | {"open-ended"} | questions


@each_file
def test_every_line_of_a_file_means_something(path: Path) -> None:
    content = read(path)
    known = {"schema", "title", "report", "description", "seeds", "settings", "variants", "reported", "claims"}
    assert content.keys() <= known
    assert (content["schema"], content["report"], content["seeds"]) == (1, PLUGIN, 7)
    variants = resolved(path)
    assert len(variants) == len(content["variants"])
    assert len({repr(sorted(settings.items())) for settings in variants.values()}) == len(variants)


@each_file
def test_claims_and_reported_figures_speak_of_variants_of_their_file(path: Path) -> None:
    content, variants = read(path), resolved(path)
    for figure in content.get("reported", ()):
        assert figure["variant"] in variants
        assert figure["place"]
    for claim in content.get("claims", ()):
        relation = parse_relation(claim["relation"])
        assert isinstance(relation, Ordering)
        assert len(relation.operands) == 2
        assert {operand.name for operand in relation.operands if operand.constant is None} <= variants.keys()


@each_file
def test_every_experiment_holds_out_the_last_thousand_images(path: Path) -> None:
    for settings in resolved(path).values():
        assert (settings["validation"], settings["batch_size"], settings["normalization"]) == (
            "last:1000",
            64,
            "0.4914-0.4822-0.4465/0.2023-0.1994-0.2010",
        )
        assert settings["epochs"] == (10 if path.stem.startswith("open-ended") else 1)


@pytest.mark.parametrize("optimizer", ["sgd", "adagrad", "rmsprop", "adam"])
def test_the_reports_optimizers_can_be_chosen(optimizer: str) -> None:
    assert resolve("optimizer", optimizer).name == f"standard/{optimizer}"


@pytest.mark.parametrize("loss", ["cross-entropy", "mse"])
def test_the_reports_losses_can_be_chosen(loss: str) -> None:
    assert resolve("loss", loss) == loss


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu"])
def test_the_reports_activations_can_be_chosen(activation: str) -> None:
    assert resolve("activation", activation).name == f"standard/{activation}"


def test_batch_norm_depth_and_adam_are_each_added_alone_and_left_out_alone() -> None:
    changes = []
    for settings in resolved(Path(FILES[0]).with_name("open-ended-changes.toml")).values():
        model = settings["model"].parameters
        adam = settings["optimizer"].name == "standard/adam"
        changes.append((model["batch_norm"], model["convolutions"] == 3, adam))
    assert len(changes) == len(set(changes)) == 8
