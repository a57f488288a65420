import pytest

from dlbench.components.spelling import OPTION_ALIASES, PARAMETER_ALIASES, VALUE_ALIASES, matches, plain, resolve


@pytest.mark.parametrize(
    "written",
    ["leaky-relu", "Leaky_ReLU", "LeakyReLU", "leaky relu", "LEAKY-RELU", "nn.LeakyReLU", "torch.nn.LeakyReLU()"],
)
def test_a_name_is_found_however_it_is_spelled(written: str) -> None:
    assert resolve(written, ["relu", "leaky-relu"]) == "leaky-relu"


@pytest.mark.parametrize(
    ("written", "known"),
    [("1e3", "1e-3"), ("-0.5", "0.5"), ("a=1.0", "a=10"), ("a=-1", "a=1"), ("squeezenet10", "squeezenet1-0")],
)
def test_numbers_are_never_taken_for_other_numbers(written: str, known: str) -> None:
    assert resolve(written, [known]) is None


def test_numbers_in_names_may_be_joined_differently() -> None:
    assert resolve("SqueezeNet1.0", ["squeezenet1-0", "squeezenet1-1"]) == "squeezenet1-0"
    assert resolve("ResNet_18", ["resnet18", "resnet34"]) == "resnet18"


def test_the_exact_name_wins_over_another_spelling() -> None:
    assert resolve("Small", ["small", "Small"]) == "Small"
    assert resolve("SMALL", ["small", "Small"]) is None


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        ("test_accuracy", "Test-Acc"),
        ("leaky-relu", "LEAKY_*"),
        ("cnn-settings/activation-mnist", "*/Activation_MNIST"),
        ("net2", "net[1-3]"),
        ("net1", "Net[0-1]"),
        ("anything", ""),
    ],
)
def test_a_pattern_finds_a_name_however_both_are_spelled(name: str, pattern: str) -> None:
    assert matches(name, pattern)


@pytest.mark.parametrize(("name", "pattern"), [("net4", "net[1-3]"), ("relu", "re?"), ("gelu", "relu"), ("re*u", "x*")])
def test_a_pattern_leaves_out_what_it_does_not_describe(name: str, pattern: str) -> None:
    assert not matches(name, pattern)


def test_an_alias_means_its_name_only_where_that_is_known() -> None:
    assert resolve("val_acc", ["validation_accuracy"]) == "validation_accuracy"
    assert resolve("val_acc", ["test_accuracy"]) is None
    assert resolve("accuracy", ["accuracy", "test_accuracy"]) == "accuracy"


@pytest.mark.parametrize("aliases", [OPTION_ALIASES, PARAMETER_ALIASES, VALUE_ALIASES])
def test_no_alias_is_the_name_that_it_means(aliases: dict[str, str]) -> None:
    assert not [alias for alias, name in aliases.items() if plain(alias) == plain(name)]
