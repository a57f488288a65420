from dataclasses import replace
from pathlib import Path
from textwrap import dedent

import pytest

from dlbench.analysis.claims import check_metrics
from dlbench.errors import DlbenchError
from dlbench.experiments.deviations import deviations, run_deviations, run_name
from dlbench.experiments.discovery import ExperimentFile, find_experiments, open_experiment
from dlbench.experiments.experiment_file import Experiment, load_experiment
from dlbench.experiments.request import check, to_request
from dlbench.experiments.toml import Place, find_lines
from dlbench.plans.build import build
from dlbench.plans.plan import Request
from dlbench.plugins.registry import Registry

INSTALLED = Registry.load()
FILES = find_experiments(INSTALLED)

SOUND = """\
schema = 1
title = "Activations"
report = "mine"
description = '''
seeds = 99
'''
seeds = 6

[settings]
epochs = 3
learning_rate = 1e-2

[axes]
activation = ["relu", "tanh"]
batch_size = [64, 128]

[[reported]]
variant = "relu, 64"
metric = "validation_accuracy"
value = 0.9
place = "table 1"

[[claims]]
text = "ReLU wins."
metric = "train_loss"
at = 1
relation = "relu < tanh"

[[claims]]
text = "Alike."
metric = "test_accuracy"
margin = 0.01
relation = "relu ≈ tanh"
"""
VARIANTS = """\
schema = 1
title = "Two networks"

[settings]
epochs = 3

[[variants]]
name = "small"
model = "mlp:hidden=8"

[[variants]]
name = "flat"
model = "linear"
epochs = 5
"""


@pytest.fixture
def write(tmp_path: Path):  # type: ignore[no-untyped-def]
    def write(text: str, name: str = "mine.toml") -> Path:
        path = tmp_path / name
        path.write_text(dedent(text), encoding="utf-8")
        return path

    return write


def test_a_file_is_read_into_records(write) -> None:
    experiment = load_experiment(write(SOUND), "own")
    assert (experiment.name, experiment.title, experiment.seeds) == ("own/mine", "Activations", 6)
    assert experiment.settings == {"epochs": "3", "learning_rate": "0.01"}
    assert experiment.axes == {"activation": ("relu", "tanh"), "batch_size": ("64", "128")}
    assert [(claim.metric, claim.at, claim.margin) for claim in experiment.claims] == [
        ("train_loss", 1, None),
        ("test_accuracy", "selected", 0.01),
    ]
    assert (experiment.reported[0].value, experiment.reported[0].at) == (0.9, "selected")


@pytest.mark.parametrize(
    ("old", "new", "line", "sentence", "hint"),
    [
        ("schema = 1", "schema = 2", 1, "schema 2 is newer", "Update dlbench"),
        ("schema = 1", "", 1, "has a schema", "Write schema = 1"),
        ('title = "Activations"', "title = 3", 2, "title = 3 is not accepted", "a text"),
        ("seeds = 6", "seed = 6", 7, "no key 'seed'", "Did you mean seeds"),
        ("seeds = 6", "seeds = true", 7, "seeds = True is not accepted", "how many seeds"),
        ("epochs = 3", "epoch = 3", 10, "[settings] has no key 'epoch'", "Did you mean epochs"),
        ("epochs = 3", "epochs = 0", 10, "out of range", "at least 1"),
        ("epochs = 3", "epochs = [3, 4]", 10, "epochs takes one value", "[axes]"),
        ('activation = ["relu", "tanh"]', 'activation = "relu"', 14, "Invalid axis", "a list"),
        ("batch_size = [64, 128]", "epochs = [1, 2]", 15, "is both an axis and a setting", "one of the two"),
        ("value = 0.9", "value = nan", 20, "value = nan is not accepted", "accuracies as fractions"),
        ("at = 1", "target = -inf", 26, "target = -inf is not accepted", "a number"),
        ('variant = "relu, 64"', "", 17, "[[reported]] needs the key variant", "the name of a variant"),
        ("value = 0.9", 'value = "90 %"', 20, "is not accepted", "accuracies as fractions"),
        ("at = 1", 'at = "best"', 26, "at = 'best' is not accepted", '"selected", "last"'),
        ("at = 1", "at = 0", 26, "at = 0 is not accepted", '"selected", "last"'),
        ('"relu < tanh"', '"relu < < tanh"', 27, "The relation cannot be read", "^"),
        ("margin = 0.01", "margn = 0.01", 32, "[[claims]] has no key 'margn'", "Did you mean margin"),
        ("margin = 0.01", "margin = -1", 32, "margin = -1 is not accepted", "from 0 on"),
        ("margin = 0.01", "margin = inf", 32, "margin = inf is not accepted", "from 0 on"),
        ("margin = 0.01", "margin =", 32, "not valid TOML", "Correct it"),
    ],
)
def test_a_mistake_is_answered_with_file_line_and_what_is_accepted(
    write, old: str, new: str, line: int, sentence: str, hint: str
) -> None:
    path = write(SOUND.replace(old, new, 1))
    with pytest.raises(DlbenchError) as caught:
        load_experiment(path)
    assert str(path) in caught.value.message
    assert f"line {line}" in caught.value.message
    assert sentence in caught.value.message
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("old", "new", "line", "sentence"),
    [
        ("relu < tanh", "relu < elu", 27, "no variant and no value of an axis 'elu'"),
        ("relu ≈ tanh", "monotone(batch)", 33, "no axis 'batch'"),
        ("relu, 64", "relu, 65", 18, "no variant and no value of an axis 'relu, 65'"),
        ('variant = "relu, 64"', 'variant = "relu"', 18, "'relu' means 2 variants"),
        ('["relu", "tanh"]', '["rleu", "tanh"]', 14, "no activation 'rleu'"),
    ],
)
def test_a_name_that_means_nothing_is_answered_with_its_line(
    write, registry: Registry, old: str, new: str, line: int, sentence: str
) -> None:
    path = write(SOUND.replace(old, new, 1))
    with pytest.raises(DlbenchError) as caught:
        check(load_experiment(path), registry)
    assert f"{path}, line {line}: " in caught.value.message
    assert sentence in caught.value.message


@pytest.mark.parametrize(
    ("alpha", "test", "least"),
    [("1e-6", "paired", "1e-05"), ("1e-13", "paired", "1e-05"), ("4e-5", "independent", "5e-05")],
)
def test_a_claim_of_an_alpha_at_which_nothing_can_be_shown_is_answered_with_its_line(
    write, registry: Registry, alpha: str, test: str, least: str
) -> None:
    text = SOUND.replace("at = 1", f"alpha = {alpha}") + f'\n[criteria]\ntest = "{test}"\n'
    with pytest.raises(DlbenchError, match=rf"line 26: alpha must be at least {least}, got"):
        check(load_experiment(write(text)), registry)
    check(load_experiment(write(text.replace(alpha, least))), registry)


def test_an_unknown_metric_is_answered_with_its_line(write) -> None:
    experiment = load_experiment(write(SOUND.replace("train_loss", "train_los")))
    with pytest.raises(DlbenchError, match=r"line 23: There is no metric 'train_los'") as caught:
        check_metrics(experiment)
    assert "train_loss" in caught.value.hint


def test_variants_have_names_of_their_own(write) -> None:
    with pytest.raises(DlbenchError, match=r"line 12: Two variants are named 'small'"):
        load_experiment(write(VARIANTS.replace('"flat"', '"small"')))
    with pytest.raises(DlbenchError, match=r"line 7: \[\[variants\]\] needs a name"):
        load_experiment(write(VARIANTS.replace('name = "small"\n', "")))


def test_a_file_that_is_not_there_is_one_sentence(tmp_path: Path, registry: Registry) -> None:
    with pytest.raises(DlbenchError, match=r"nowhere.toml cannot be read"):
        open_experiment(str(tmp_path / "nowhere.toml"), registry)


def test_keys_are_found_behind_texts_of_several_lines() -> None:
    text = 'a = """\nb = 1\n[c]\n"""\nb = 2\n[[c]]\nd = 1\n[[c]]\nd = [\n  1,\n]\ne = 3\n'
    lines = find_lines(text)
    assert lines[Place(key="b")] == 5
    assert [lines[Place("c", number)] for number in (0, 1)] == [6, 8]
    assert lines[Place("c", 1, "e")] == 12


def test_the_plan_is_that_of_the_command_line(write, registry: Registry) -> None:
    plan = check(load_experiment(write(SOUND)), registry)
    by_hand = build(
        Request(
            values={
                "activation": ("relu", "tanh"),
                "batch_size": ("64", "128"),
                "epochs": ("3",),
                "learning_rate": ("0.01",),
            },
            seeds=6,
        ),
        registry,
    )
    assert plan.trials == by_hand.trials
    assert plan.record == replace(by_hand.record, experiment="mine")


def test_an_experiment_fixes_its_test_and_a_command_may_name_another(write, registry: Registry) -> None:
    lines = '[criteria]\ntest = "independent"\n\n[axes]'
    experiment = load_experiment(write(SOUND.replace("[axes]", lines)))
    assert to_request(experiment).judging == {"test": "independent"}
    assert to_request(experiment, Request(judging={"test": "paired"})).judging == {"test": "paired"}
    with pytest.raises(DlbenchError, match="is not accepted") as caught:
        load_experiment(write(SOUND.replace("[axes]", lines.replace("independent", "both"))))
    assert "paired or independent" in caught.value.hint


def test_nobodys_defaults_change_an_experiment(write, registry: Registry) -> None:
    request = to_request(load_experiment(write(SOUND)))
    trial = build(request, registry, {"optimizer": "sgd", "device": "cpu"}).variants[0].trial
    assert trial.optimizer.name == "standard/adam"
    assert trial.settings.device == "cpu"  # where it runs is the machine's to say


def overridden(experiment: Experiment, seeds: int | None = None, **values: str) -> Request:
    return Request(values={name: tuple(text.split()) for name, text in values.items()}, seeds=seeds)


def test_an_override_wins_over_settings_axes_and_variants(write, registry: Registry) -> None:
    axes = load_experiment(write(SOUND))
    plan = build(to_request(axes, overridden(axes, 2, epochs="1", batch_size="32")), registry)
    assert [variant.label for variant in plan.variants] == ["relu", "tanh"]
    assert {(t.settings.epochs, t.settings.batch_size) for t in plan.trials} == {(1, 32)}
    assert plan.seeds == (0, 1)
    variants = load_experiment(write(VARIANTS))
    plan = build(to_request(variants, overridden(variants, epochs="1")), registry)
    assert {trial.settings.epochs for trial in plan.trials} == {1}


@pytest.mark.parametrize(
    ("text", "seeds", "values", "said"),
    [
        (SOUND, None, {}, ""),
        (SOUND, 6, {"epochs": "3", "learning_rate": "1e-2"}, ""),
        (SOUND, 30, {}, ""),
        (SOUND, None, {"epochs": "2"}, "reduced: epochs 2 instead of 3"),
        (SOUND, 3, {}, "reduced: 3 seeds instead of 6"),
        (SOUND, 1, {"train_size": "100"}, "reduced: train size 100 instead of all images, 1 seed instead of 6"),
        (SOUND, None, {"test_size": "50"}, "reduced: test size 50 instead of all images"),
        (SOUND, None, {"dataset": "mnist"}, "reduced: dataset mnist instead of digits"),
        (SOUND, None, {"activation": "relu"}, "reduced: activation relu instead of relu and tanh"),
        (SOUND, None, {"epochs": "9"}, "changed: epochs 9 instead of 3"),
        (SOUND, None, {"optimizer": "sgd"}, "changed: optimizer sgd instead of adam"),
        (SOUND, None, {"device": "cpu"}, ""),
        (VARIANTS, 1, {"epochs": "4"}, "reduced: epochs 4 instead of 3 and 5"),
    ],
)
def test_what_is_overridden_is_said(write, text: str, seeds: int | None, values: dict[str, str], said: str) -> None:
    experiment = load_experiment(write(text))
    assert deviations(experiment, overridden(experiment, seeds, **values)) == said


@pytest.mark.parametrize(
    ("text", "seeds", "values", "said"),
    [
        (SOUND, 6, {}, ""),
        (SOUND, 30, {"device": "cpu", "learning_rate": "1e-2"}, ""),
        (SOUND, 3, {"epochs": "2"}, "reduced: epochs 2 instead of 3, 3 seeds instead of 6"),
        (SOUND, 6, {"activation": "relu"}, "reduced: activation relu instead of relu and tanh"),
        (SOUND, 6, {"optimizer": "sgd"}, "changed: optimizer sgd instead of adam"),
        (VARIANTS, 1, {"epochs": "4"}, "reduced: epochs 4 instead of 3 and 5"),
    ],
)
def test_a_run_tells_how_it_departs_from_its_experiment(
    write, registry: Registry, text: str, seeds: int, values: dict[str, str], said: str
) -> None:
    experiment = load_experiment(write(text))
    plan = build(to_request(experiment, overridden(experiment, seeds, **values)), registry)
    assert run_deviations(plan.trials, experiment, registry) == said


def test_a_tuned_run_departs_by_what_was_tuned_not_by_the_values_that_were_found(write, registry: Registry) -> None:
    experiment = load_experiment(write(SOUND))
    plan = build(to_request(experiment, overridden(experiment, 6, learning_rate="0.02", epochs="2")), registry)
    said = run_deviations(plan.trials, experiment, registry, ("learning_rate", "optimizer.weight_decay"))
    assert said == "reduced: epochs 2 instead of 3; tuned: learning rate, optimizer.weight decay"


def test_the_run_is_named_after_the_file_and_what_an_override_fixes(write) -> None:
    experiment = load_experiment(write(SOUND, "my activations.toml"))
    names = {
        key: run_name(experiment, overridden(experiment, seeds, **values))
        for key, seeds, values in [
            ("as it is", None, {}),
            ("seeds", 3, {}),
            ("an axis", None, {"activation": "relu elu"}),
            ("the same", None, {"epochs": "3"}),
            ("epochs", None, {"epochs": "2"}),
            ("other epochs", None, {"epochs": "1"}),
            ("device", None, {"device": "cpu"}),
        ]
    }
    assert {names[key] for key in ("as it is", "seeds", "an axis", "the same")} == {"my-activations"}
    assert len({names[key] for key in ("as it is", "epochs", "other epochs", "device")}) == 4
    assert names["epochs"].startswith("my-activations-")


PLUGIN = """
from pathlib import Path
from dlbench import Activation, hookimpl

@hookimpl
def dlbench_activations():
    return [Activation(name="relu", factory="torch.nn:ReLU")]

@hookimpl
def dlbench_experiments():
    return {paths}
"""


def test_an_experiment_of_a_plugin_is_found_by_name_and_searches_its_own_plugin_first(write, install) -> None:
    path = write(SOUND, "study.toml")
    install("snake", PLUGIN.format(paths=f"[Path({str(path)!r})]"))
    registry = Registry.load()
    assert ExperimentFile("snake", path) in find_experiments(registry)
    for argument in ("study", "snake/study"):
        experiment = open_experiment(argument, registry)
        assert experiment.name == "snake/study"
    names = {trial.activation.name for trial in check(experiment, registry).trials}
    assert names == {"snake/relu", "standard/tanh"}
    with pytest.raises(DlbenchError, match="There is no experiment 'studdy'") as caught:
        open_experiment("studdy", registry)
    assert "Did you mean study" in caught.value.hint


def test_one_name_in_two_plugins_asks_for_the_qualified_one(write, install) -> None:
    path = write(SOUND, "study.toml")
    for name in ("snake", "newt"):
        install(name, PLUGIN.format(paths=f"[Path({str(path)!r})]"))
    with pytest.raises(DlbenchError, match="Several plugins have an experiment 'study'") as caught:
        open_experiment("study", Registry.load())
    assert caught.value.hint == "Write newt/study or snake/study."


def test_a_hook_that_returns_no_paths_is_named_and_left_out(install) -> None:
    install("snake", PLUGIN.format(paths="[3]"))
    registry = Registry.load()
    assert "snake" not in {file.plugin for file in find_experiments(registry)}
    assert "returned no list of paths" in str(registry.plugins.problems[-1])


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_installed_experiment_loads_resolves_and_names_what_it_has(file: ExperimentFile) -> None:
    experiment = open_experiment(file.name, INSTALLED)
    plan = check(experiment, INSTALLED)
    check_metrics(experiment, plan.diagnostics.values)
    assert plan.vetoes == ()
