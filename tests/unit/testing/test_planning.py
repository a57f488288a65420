from pathlib import Path
from textwrap import dedent

import pytest

from dlbench.errors import DlbenchError
from dlbench.experiments.experiment_file import load_experiment
from dlbench.plugins.registry import Registry
from dlbench.testing import compared_by, make_trial, plan_experiment

FILE = """
    schema = 1
    title = "Two widths"
    seeds = 3
    [settings]
    epochs = 2
    [[variants]]
    name = "narrow"
    model = "mlp:hidden=16"
    [[variants]]
    name = "wide"
    model = "mlp:hidden=128"
    [[claims]]
    text = "wide wins"
    metric = "test_accuracy"
    relation = "wide > narrow"
    """


def written(folder: Path, text: str) -> Path:
    path = folder / "widths.toml"
    path.write_text(dedent(text), encoding="utf-8")
    return path


def test_an_experiment_has_a_trial_for_each_variant(tmp_path: Path, registry: Registry) -> None:
    planned = plan_experiment(written(tmp_path, FILE), "standard", registry)
    assert {name: trial.model.parameters["hidden"] for name, trial in planned.trials.items()} == {
        "narrow": (16,),
        "wide": (128,),
    }
    assert all(trial.settings.epochs == 2 for trial in planned.trials.values())
    assert [compared_by(claim) for claim in planned.experiment.claims] == [("wide", "narrow")]


def test_a_vetoed_variant_has_its_trial_too(tmp_path: Path, registry: Registry) -> None:
    text = FILE.replace('model = "mlp:hidden=16"', 'model = "linear"\n    activation = "relu"')
    assert plan_experiment(written(tmp_path, text), "standard", registry).trials.keys() == {"narrow", "wide"}


@pytest.mark.parametrize(("old", "new"), [("mlp:hidden=16", "mlpp"), ("epochs", "epoch"), ("wide >", "wider >")])
def test_what_does_not_exist_is_an_error(tmp_path: Path, registry: Registry, old: str, new: str) -> None:
    with pytest.raises(DlbenchError, match=r"widths\.toml"):
        plan_experiment(written(tmp_path, FILE.replace(old, new)), "standard", registry)


@pytest.mark.parametrize(
    ("relation", "names"),
    [
        ("wide > 1.2 * narrow", ("wide", "narrow")),
        ("monotone(model)", ("model",)),
        ("interaction(model, epochs)", ("model", "epochs")),
    ],
)
def test_a_claim_says_what_it_compares(tmp_path: Path, relation: str, names: tuple[str, ...]) -> None:
    (claim,) = load_experiment(written(tmp_path, FILE.replace("wide > narrow", relation))).claims
    assert compared_by(claim) == names


def test_a_trial_is_made_from_texts(registry: Registry) -> None:
    trial = make_trial(registry, (3, 9, 9), 4, model="linear", epochs="3")
    assert (trial.model.name, trial.settings.epochs, trial.seed) == ("standard/linear", 3, 0)
    assert (trial.input_shape, trial.num_classes) == ((3, 9, 9), 4)
    assert make_trial(registry, dataset="cifar10").input_shape == (3, 32, 32)
