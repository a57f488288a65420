import json
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from dlbench.errors import DlbenchError
from dlbench.plans.build import build, resolve
from dlbench.plans.plan import Plan, Request
from dlbench.plugins.registry import Registry
from dlbench.trials.trial import Trial

Install = Callable[..., None]
Variants = Sequence[dict[str, str]]


def plan(registry: Registry, variants: Variants = (), seeds: Sequence[int] | int | None = 2, **axes: str) -> Plan:
    """Plan with axes written as on the command line, values parted by commas."""
    values = {name: tuple(text.split(",")) for name, text in axes.items()}
    return build(Request(values=values, variants=variants, seeds=seeds), registry)


def refused(registry: Registry, variants: Variants = (), seeds: Sequence[int] | int | None = 2, **axes: str) -> str:
    with pytest.raises(DlbenchError) as caught:
        plan(registry, variants, seeds, **axes)
    assert caught.value.hint, f"no hint: {caught.value.message}"
    return str(caught.value)


def labels(made: Plan) -> list[str]:
    return [variant.label for variant in made.variants]


# What is run


def test_nothing_chosen_is_one_variant_with_the_defaults_of_the_design(registry: Registry) -> None:
    (variant,) = plan(registry).variants
    trial = variant.trial
    chosen = {axis: selection.name for axis, selection in trial.components.items()}
    assert chosen == {
        "model": "standard/mlp",
        "activation": "standard/relu",
        "dataset": "standard/digits",
        "scheduler": "standard/constant",
        "optimizer": "standard/adam",
    }
    assert (trial.settings.learning_rate, trial.settings.batch_size, trial.settings.epochs) == (1e-3, 64, 10)
    assert variant.label == "mlp"


def test_axes_multiply(registry: Registry) -> None:
    made = plan(registry, activation="relu,tanh,sigmoid", batch_size="64,128", learning_rate="0.1,0.01")
    combinations = {
        (v.trial.activation.name, v.trial.settings.batch_size, v.trial.settings.learning_rate) for v in made.variants
    }
    assert combinations == {
        (f"standard/{activation}", size, rate)
        for activation in ("relu", "tanh", "sigmoid")
        for size in (64, 128)
        for rate in (0.1, 0.01)
    }
    assert len(made.variants) == 12
    assert len(made.trials) == 24


def test_a_variant_is_labeled_by_its_value_on_each_axis(registry: Registry) -> None:
    made = plan(registry, activation="relu,leaky-relu:negative_slope=0.1", batch_size="64,128")
    assert dict(made.axes) == {
        "activation": ("relu", "leaky-relu:negative_slope=0.1"),
        "batch_size": ("64", "128"),
    }
    assert labels(made) == [
        "relu, 64",
        "relu, 128",
        "leaky-relu:negative_slope=0.1, 64",
        "leaky-relu:negative_slope=0.1, 128",
    ]
    assert made.variants[1].values == {"activation": "relu", "batch_size": "128"}


def test_a_component_with_other_parameters_is_another_variant(registry: Registry) -> None:
    assert labels(plan(registry, model="mlp,mlp:dropout=0.5,mlp:hidden=32")) == [
        "mlp",
        "mlp:dropout=0.5",
        "mlp:hidden=32",
    ]


@pytest.mark.parametrize(("first", "second"), [("/data/a/train", "/data/b/train"), ("x", "y/x")])
def test_values_with_slashes_stay_distinct(registry: Registry, first: str, second: str) -> None:
    made = plan(registry, dataset=f"image-folder:path={first},image-folder:path={second}")
    assert labels(made) == [f"image-folder:path={first}", f"image-folder:path={second}"]


def test_one_name_of_two_plugins_is_shown_qualified(install: Install) -> None:
    source = """
        from dlbench import Model, hookimpl

        @hookimpl
        def dlbench_models():
            return [Model(name="net", factory="a:b", defaults={"width": 1})]
    """
    install("one", source)
    install("two", source)
    registry = Registry.load()
    assert labels(plan(registry, model="one/net,two/net,mlp")) == ["one/net", "two/net", "mlp"]
    assert labels(plan(registry, model="one/net:width=2,two/net:width=2")) == ["one/net:width=2", "two/net:width=2"]
    assert labels(plan(registry, model="one/net,two/net:width=2")) == ["one/net", "two/net:width=2"]


def test_the_trials_of_one_seed_stand_together(registry: Registry) -> None:
    trials = plan(registry, activation="relu,tanh", seeds=3).trials
    order = [(trial.seed, trial.activation.name.partition("/")[2]) for trial in trials]
    assert order == [(0, "relu"), (0, "tanh"), (1, "relu"), (1, "tanh"), (2, "relu"), (2, "tanh")]


def test_trials_differ_in_their_identity_and_variants_do_not_with_the_seed(registry: Registry) -> None:
    trials = plan(registry, activation="relu,tanh", batch_size="32,64", seeds=3).trials
    assert len({trial.trial_id for trial in trials}) == 12
    assert len({trial.variant_id for trial in trials}) == 4


@pytest.mark.parametrize(
    ("activations", "seeds"),
    [
        ("relu", 10),
        ("relu,tanh", 10),
        ("relu,tanh,gelu", 13),
        ("relu,tanh,gelu,silu", 14),
        ("relu,tanh,gelu,silu,elu,mish", 15),
    ],
)
def test_the_default_seeds_show_one_standard_deviation(registry: Registry, activations: str, seeds: int) -> None:
    assert plan(registry, seeds=None, activation=activations).seeds == tuple(range(seeds))


def test_more_data_sets_ask_for_no_more_seeds_as_each_has_its_table(registry: Registry) -> None:
    assert len(plan(registry, seeds=None, activation="relu,tanh,gelu", dataset="digits,mnist").seeds) == 13
    assert len(plan(registry, seeds=None, dataset="digits,mnist,cifar10").seeds) == 13


def test_a_vetoed_variant_asks_for_no_more_seeds(registry: Registry) -> None:
    made = plan(registry, seeds=None, model="mlp,linear", activation="relu,tanh")
    assert len(made.variants) == 2
    assert len(made.seeds) == 10


def test_seeds_are_a_number_or_named(registry: Registry) -> None:
    assert plan(registry, seeds=3).seeds == (0, 1, 2)
    assert plan(registry, seeds=[5, 3]).seeds == (5, 3)


def test_a_named_seed_is_the_same_trial_alone_and_among_others(registry: Registry) -> None:
    (alone,) = plan(registry, seeds=[3]).trials
    assert alone.trial_id in {trial.trial_id for trial in plan(registry, seeds=7).trials}


# What the activation is when none is chosen

MODELS = """
    from dlbench import Activation, Model, hookimpl

    @hookimpl
    def dlbench_models():
        return [
            Model(name="usual", factory="a:b"),
            Model(name="tanned", factory="a:b", activation="tanh"),
            Model(name="stubborn", factory="a:b", activation="own"),
            Model(name="without", factory="a:b", activation=None),
            Model(name="snaky", factory="a:b", activation="snake"),
            Model(name="leaky", factory="a:b", activation="leaky-relu:negative_slope=0.3"),
        ]

    @hookimpl
    def dlbench_activations():
        return [Activation(name=name, factory="a:b") for name in ("snake", "tanh")]
"""


@pytest.mark.parametrize(
    ("model", "activation"),
    [
        ("usual", "standard/relu"),
        ("tanned", "strange/tanh"),  # a plugin's record looks into its own plugin first
        ("stubborn", "own"),
        ("without", "none"),
        ("snaky", "strange/snake"),
        ("leaky", "standard/leaky-relu:negative_slope=0.3"),
    ],
)
def test_a_model_has_the_activation_of_its_record_when_none_is_chosen(
    install: Install, model: str, activation: str
) -> None:
    install("strange", MODELS)
    (variant,) = plan(Registry.load(), model=model).variants
    assert variant.trial.activation.text == activation


def test_a_chosen_activation_takes_the_place_of_the_records(install: Install) -> None:
    install("strange", MODELS)
    made = plan(Registry.load(), model="usual,stubborn,tanned", activation="gelu")
    assert {variant.trial.activation.text for variant in made.variants} == {"standard/gelu"}


# --variant


def test_variants_that_are_no_product_are_labeled_and_run(registry: Registry) -> None:
    made = plan(
        registry,
        [
            {"label": "small", "model": "mlp:hidden=32", "learning_rate": "0.01"},
            {"model": "linear", "batch_size": "16"},
        ],
        epochs="3",
    )
    assert labels(made) == ["small", "linear, 16"]
    assert dict(made.axes) == {"variant": ("small", "linear, 16")}
    small, linear = (variant.trial for variant in made.variants)
    assert (small.model.text, small.settings.learning_rate, small.settings.batch_size) == (
        "standard/mlp:hidden=32",
        0.01,
        64,
    )
    assert (linear.model.text, linear.settings.learning_rate, linear.settings.batch_size) == (
        "standard/linear",
        0.001,
        16,
    )
    assert small.settings.epochs == linear.settings.epochs == 3


def test_variants_and_axes_multiply(registry: Registry) -> None:
    made = plan(registry, [{"label": "a", "model": "mlp"}, {"label": "b", "model": "linear"}], batch_size="16,32")
    assert labels(made) == ["a, 16", "a, 32", "b, 16", "b, 32"]


def test_one_value_given_for_all_can_be_another_in_a_variant(registry: Registry) -> None:
    made = plan(registry, [{"model": "mlp"}, {"model": "linear", "epochs": "5"}], epochs="3")
    assert [variant.trial.settings.epochs for variant in made.variants] == [3, 5]


def test_an_axis_cannot_stand_in_a_variant_too(registry: Registry) -> None:
    message = refused(registry, [{"model": "mlp", "batch_size": "8"}], batch_size="16,32")
    assert "batch" in message
    assert "--variant" in message


def test_an_unknown_key_of_a_variant_gets_the_nearest(registry: Registry) -> None:
    assert "Did you mean batch-size" in refused(registry, [{"batchsizes": "8"}])


def test_a_variant_that_gives_nothing_is_an_error(registry: Registry) -> None:
    assert "--variant" in refused(registry, [{}])
    assert "--variant" in refused(registry, [{"model": "mlp"}, {}])


def test_two_variants_of_one_label_are_refused(registry: Registry) -> None:
    assert "'a'" in refused(registry, [{"label": "a", "model": "mlp"}, {"label": "a", "model": "linear"}])


def test_a_label_in_double_quotes_is_shown_without_them(registry: Registry) -> None:
    assert labels(plan(registry, [{"label": '"a; b"', "model": "mlp"}])) == ["a; b"]


# What is named twice


@pytest.mark.parametrize(
    "axes",
    [
        {"activation": "relu,tanh,relu"},
        {"activation": "relu,standard/relu"},
        {"activation": "leaky-relu,leaky-relu:negative_slope=0.01"},
        {"batch_size": "64,064"},
        {"learning_rate": "0.001,1e-3"},
        {"validation": "0.2,.20"},
        {"model": "mlp:hidden=128-64,mlp"},
        {"augment": "none,none"},
    ],
)
def test_one_variant_written_twice_is_refused(registry: Registry, axes: dict[str, str]) -> None:
    assert "are the same" in refused(registry, **axes)


def test_one_variant_under_two_labels_is_refused(registry: Registry) -> None:
    assert "are the same" in refused(registry, [{"label": "a", "epochs": "5"}, {"label": "b", "epochs": "5"}])


def test_a_seed_named_twice_is_refused(registry: Registry) -> None:
    assert "--seed 0,1,2" in refused(registry, seeds=[0, 1, 0])


@pytest.mark.parametrize("seeds", [0, -1, [], [-1], [3, -2]])
def test_no_seed_and_a_seed_below_zero_are_refused(registry: Registry, seeds: int | list[int]) -> None:
    assert "seed" in refused(registry, seeds=seeds)


# The folder's name and what is held fixed


def test_the_default_folder_is_named_after_the_axes_the_data_set_and_what_is_fixed(registry: Registry) -> None:
    name = plan(registry, activation="relu,tanh", batch_size="32,64", dataset="mnist").name
    head, _, digits = name.rpartition("-")
    assert head == "activation-batch-size-mnist"
    assert len(digits) == 6
    assert set(digits) <= set("0123456789abcdef")


@pytest.mark.parametrize(
    "axes",
    [
        {"activation": "relu,tanh,gelu"},
        {"activation": "gelu,silu"},
        {"activation": "relu,tanh", "epochs": "10"},
        {"activation": "relu,tanh", "model": "standard/mlp:dropout=0"},
        {"activation": "relu,tanh", "learning_rate": "1e-3"},
    ],
)
def test_more_values_of_an_axis_and_defaults_written_out_extend_the_folder(
    registry: Registry, axes: dict[str, str]
) -> None:
    assert plan(registry, **axes).name == plan(registry, activation="relu,tanh").name


def test_more_seeds_extend_the_folder(registry: Registry) -> None:
    assert plan(registry, seeds=3, activation="relu,tanh").name == plan(registry, seeds=9, activation="relu,tanh").name


@pytest.mark.parametrize(
    "more",
    [
        {"epochs": "11"},
        {"learning_rate": "0.01"},
        {"optimizer": "sgd"},
        {"optimizer": "adam:weight_decay=0.1"},
        {"model": "mlp:dropout=0.5"},
        {"scheduler": "cosine"},
        {"validation": "last:100"},
        {"select": "last"},
        {"augment": "flip"},
        {"batch_size": "32,64"},
    ],
)
def test_another_fixed_setting_or_axis_makes_another_folder(registry: Registry, more: dict[str, str]) -> None:
    assert plan(registry, activation="relu,tanh", **more).name != plan(registry, activation="relu,tanh").name


def test_what_is_fixed_is_everything_but_the_axes_with_qualified_names(registry: Registry) -> None:
    fixed = plan(registry, activation="relu,tanh", batch_size="32,64", optimizer="sgd:momentum=0.9").fixed
    assert fixed["dataset"] == "standard/digits"
    assert fixed["optimizer"] == "standard/sgd:momentum=0.9"
    assert fixed["epochs"] == "10"
    assert not {"activation", "batch_size"} & fixed.keys()


def test_a_plan_without_axes_is_named_after_its_model(registry: Registry) -> None:
    assert plan(registry, model="mlp:hidden=32").name.startswith("mlp-digits-")
    assert plan(registry, model="linear", dataset="image-folder:path=/x/y").name.startswith("linear-image-folder-")


def test_a_plan_is_json_content(registry: Registry) -> None:
    made = plan(registry, activation="relu,tanh")
    content = json.loads(json.dumps(made.record.to_json()))
    assert content["axes"] == {"activation": ["relu", "tanh"]}
    assert content["seeds"] == [0, 1]
    assert content["baseline"] == "relu"
    assert [v["variant_id"] for v in content["variants"]] == [v.trial.variant_id for v in made.variants]


# Defaults of dlbench.toml


def test_defaults_of_the_configuration_are_beaten_by_the_command(registry: Registry) -> None:
    made = build(Request(values={"epochs": ("5",)}), registry, {"epochs": "3", "batch_size": "16", "model": "linear"})
    (variant,) = made.variants
    settings = variant.trial.settings
    assert (settings.epochs, settings.batch_size, variant.trial.model.name) == (5, 16, "standard/linear")


# Vetoes


def test_a_model_without_activation_is_vetoed_on_an_activation_axis_and_the_rest_stays(registry: Registry) -> None:
    made = plan(registry, model="mlp,linear", activation="relu,tanh")
    assert labels(made) == ["mlp, relu", "mlp, tanh"]
    assert [veto.variant.label for veto in made.vetoes] == ["linear, relu", "linear, tanh"]
    assert all("linear has no activation to vary" in veto.reason for veto in made.vetoes)


def test_too_small_images_veto_a_model_and_the_rest_stays(registry: Registry) -> None:
    made = plan(registry, model="mlp,torchvision/alexnet", dataset="digits")
    assert labels(made) == ["mlp"]
    (veto,) = made.vetoes
    assert "8×8" in veto.reason
    assert "alexnet" in veto.reason
    assert "too small" in veto.reason


def test_a_shape_that_only_the_files_tell_is_judged_when_it_is_known(registry: Registry) -> None:
    made = plan(registry, model="mlp,torchvision/alexnet", dataset="npz:path=there.npz")
    assert made.vetoes == ()

    def complete(trial: Trial) -> tuple[Trial, str]:
        return replace(trial, dataset_digest="d", input_shape=(1, 9, 9), num_classes=3), ""

    resolved = resolve(made, registry, complete)
    assert labels(resolved) == ["mlp"]
    assert "9×9" in resolved.vetoes[0].reason
    assert resolved.variants[0].trial.dataset_digest == "d"
    assert resolved.seeds == made.seeds


def test_a_reason_found_while_making_ready_vetoes_too(registry: Registry) -> None:
    made = plan(registry, activation="relu,tanh")
    resolved = resolve(made, registry, lambda trial: (trial, "it rains" * trial.activation.name.endswith("relu")))
    assert labels(resolved) == ["tanh"]
    assert [veto.reason for veto in resolved.vetoes] == ["it rains"]


def test_variants_that_turn_out_the_same_on_this_machine_are_refused(registry: Registry) -> None:
    made = plan(registry, device="auto,cpu")

    def complete(trial: Trial) -> tuple[Trial, str]:
        return replace(trial, settings=replace(trial.settings, device="cpu")), ""

    with pytest.raises(DlbenchError, match="are the same"):
        resolve(made, registry, complete)


VETO = """
    from dlbench import hookimpl

    @hookimpl
    def dlbench_veto(trial):
        if trial.settings.batch_size > 100:
            return "large batches are not for us"
"""


def test_a_plugins_veto_keeps_the_rest_and_is_named(install: Install) -> None:
    install("strict", VETO)
    made = plan(Registry.load(), batch_size="64,128")
    assert labels(made) == ["64"]
    (veto,) = made.vetoes
    assert "large batches are not for us" in veto.reason
    assert "strict" in veto.reason


def test_of_two_vetoes_the_first_plugins_answer_counts(install: Install) -> None:
    install("strict", VETO)
    install("alice", VETO.replace("for us", "for alice"))
    (veto,) = plan(Registry.load(), batch_size="64,128").vetoes
    assert "for alice" in veto.reason
    assert "for us" not in veto.reason


def test_a_veto_that_raises_vetoes_nothing_and_is_named_once(install: Install) -> None:
    install("clumsy", VETO.replace("trial.settings", "trial.setings"))
    registry = Registry.load()
    assert labels(plan(registry, batch_size="64,128,256")) == ["64", "128", "256"]
    (problem,) = registry.plugins.problems
    assert "dlbench_veto" in problem.reason


def test_nothing_left_lists_models_that_take_such_images(registry: Registry) -> None:
    message = refused(registry, model="torchvision/alexnet,torchvision/inception-v3", dataset="digits")
    assert "No combination is left" in message
    assert "mlp" in message
    assert "linear" in message


def test_the_models_listed_do_take_such_images(registry: Registry) -> None:
    message = refused(registry, model="torchvision/inception-v3", dataset="cifar10")
    listed = message.partition("take such images: ")[2].rstrip(".").partition(" and ")[0].split(", ")
    assert len(listed) > 3
    for name in listed:
        assert labels(plan(registry, model=name, dataset="cifar10")) == [name]


def test_nothing_left_for_other_reasons_says_what_to_change(install: Install) -> None:
    install("strict", VETO)
    registry = Registry.load()
    assert "linear has no activation to vary" in refused(registry, model="linear", activation="relu,tanh")
    assert "large batches" in refused(registry, batch_size="128,256")


# Bad input: one sentence, and what to type next


@pytest.mark.parametrize(
    ("axes", "words"),
    [
        ({"activation": "rellu"}, ["'rellu'", "relu", "dlbench list activations"]),
        ({"model": "mlpp"}, ["'mlpp'", "mlp"]),
        ({"dataset": "minst"}, ["'minst'", "mnist"]),
        ({"optimizer": "adams"}, ["'adams'", "adam"]),
        ({"scheduler": "cosin"}, ["'cosin'", "cosine"]),
        ({"model": "mlp:depth=3"}, ["mlp", "'depth'", "hidden", "dropout"]),
        ({"model": "mlp:dropout=often"}, ["mlp:dropout", "a number"]),
        ({"model": "mlp:dropout=1.5"}, ["mlp:dropout", "from 0 to 1"]),
        ({"optimizer": "sgd:momentum=-1"}, ["sgd:momentum"]),
        ({"batch_size": "0"}, ["--batch-size", "at least 1"]),
        ({"batch_size": "64,many"}, ["--batch-size", "'many'", "a whole number"]),
        ({"learning_rate": "fast"}, ["--learning-rate", "a number"]),
        ({"epochs": "2.5"}, ["--epochs", "a whole number"]),
        ({"validation": "half"}, ["--validation", "0.2"]),
        ({"select": "worst"}, ["--select", "best"]),
        ({"dataset": "image-folder"}, ["path"]),
        ({"activaton": "relu"}, ["'activaton'", "activation"]),
        ({"colour": "blue"}, ["'colour'", "batch_size"]),
    ],
)
def test_bad_input_is_one_error_with_a_hint(registry: Registry, axes: dict[str, str], words: list[str]) -> None:
    message = refused(registry, **axes)
    assert all(word in message for word in words)


@pytest.mark.parametrize("name", ["activation", "batch_size", "dataset"])
def test_an_empty_list_is_an_error(registry: Registry, name: str) -> None:
    with pytest.raises(DlbenchError) as caught:
        build(Request(values={name: ()}), registry)
    assert name in caught.value.message
    assert "empty" in caught.value.message
    assert caught.value.hint


def test_one_activation_varies_nothing_and_does_not_apply_where_there_is_none_to_set(registry: Registry) -> None:
    made = plan(registry, model="mlp,linear", activation="tanh")
    assert labels(made) == ["mlp", "linear"]
    assert [variant.trial.activation.short for variant in made.variants] == ["tanh", "none"]
    assert made.notes == ("linear has no activation to set: tanh does not apply to it",)
    alone = plan(registry, model="linear", activation="relu")
    assert (labels(alone), alone.trials) == (["linear"], plan(registry, model="linear").trials)
    assert plan(registry, model="linear").notes == ()
