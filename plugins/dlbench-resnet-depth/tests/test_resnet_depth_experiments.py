import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from dlbench.components.axes import AXES
from dlbench.components.syntax import format_value, parse_reference
from dlbench.plugins.registry import Registry
from dlbench.trials.settings import SETTINGS
from dlbench_resnet_depth.plugin import dlbench_experiments

PLUGIN = "resnet-depth"
FILES = dlbench_experiments()
REGISTRY = Registry.load()
_NAME = re.compile(r'"([^"]+)"|([a-z][\w-]*)')

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
    assert {path.stem for path in FILES} == {
        "lecture-models",
        "custom-resnet",
        "four-models-on-test",
        "four-models-on-validation",
        "past-the-best",
        "block-cost",
        "ablation",
    }


@each_file
def test_every_line_of_a_file_means_something(path: Path) -> None:
    content = read(path)
    assert content.keys() <= {"schema", "title", "report", "description", "seeds", "settings"} | {
        "variants",
        "reported",
        "claims",
    }
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
        named = [quoted or plain for quoted, plain in _NAME.findall(claim["relation"])]
        assert len(named) >= 2
        assert set(named) <= variants.keys()


@each_file
def test_the_test_set_chooses_only_where_the_file_says_so(path: Path) -> None:
    for settings in resolved(path).values():
        on_test = settings.get("select") == "best-on-test" or settings.get("validation") == "test"
        assert on_test == (path.stem in {"lecture-models", "custom-resnet", "four-models-on-test", "past-the-best"})


def test_the_custom_resnet_trains_as_the_report_says() -> None:
    (settings,) = resolved(Path(FILES[0]).with_name("custom-resnet.toml")).values()
    assert (settings["epochs"], settings["patience"], settings["monitor"]) == (300, 15, "validation_loss")
    assert settings["augment"] == "crop,flip"
    assert settings["scheduler"].parameters == {"step_size": 30, "gamma": 0.1}
    assert (settings["learning_rate"], settings["optimizer"].parameters["weight_decay"]) == (1e-3, 5e-4)


def test_the_ablation_makes_each_change_alone_and_then_adds_them_up() -> None:
    variants = resolved(Path(FILES[0]).with_name("ablation.toml"))

    def changes(settings: dict[str, Any]) -> set[str]:
        model = settings["model"].parameters
        made = {
            "blocks": model["blocks"] == (3, 4, 6, 3),
            "bottleneck": model["block"] == "bottleneck",
            "dropout": model["dropout"] == 0.2,
            "augmentation": settings.get("augment") == "crop,flip",
            "training": settings["optimizer"].name == "standard/adam" and settings["scheduler"].name == "standard/step",
        }
        return {name for name, is_made in made.items() if is_made}

    order = ["blocks", "bottleneck", "dropout", "augmentation", "training"]
    alone, added = [{name} for name in order], [set(order[:count]) for count in range(2, 6)]
    assert [changes(settings) for settings in variants.values()] == [set(), *alone, *added]
    assert len({settings["epochs"] for settings in variants.values()}) == 1
