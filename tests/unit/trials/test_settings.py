import pytest

from dlbench.components.axes import AXES
from dlbench.components.records import ParameterValue
from dlbench.errors import DlbenchError
from dlbench.trials.augmentation import parse_augmentations
from dlbench.trials.axes import DEFAULTS
from dlbench.trials.settings import SETTINGS, Settings


def refused(name: str, text: str) -> DlbenchError:
    with pytest.raises(DlbenchError) as caught:
        SETTINGS[name].parse(text)
    assert caught.value.hint
    return caught.value


def test_the_defaults_are_those_of_the_design() -> None:
    settings = Settings()
    assert {axis: DEFAULTS[axis] for axis in AXES} == {
        "model": "mlp",
        "activation": "",
        "dataset": "digits",
        "scheduler": "constant",
        "optimizer": "adam",
    }
    assert (settings.learning_rate, settings.batch_size, settings.epochs) == (1e-3, 64, 10)
    assert (settings.loss, settings.normalization, settings.validation) == ("cross-entropy", "unit", "0.2")
    assert (settings.select, settings.precision, settings.threads) == ("best", "float32", 1)


@pytest.mark.parametrize("name", SETTINGS)
def test_every_setting_has_a_summary_and_a_default_that_it_accepts(name: str) -> None:
    setting = SETTINGS[name]
    assert setting.summary.endswith(".")
    default = getattr(Settings(), name)
    text = "none" if default is None else str(default)
    assert setting.parse(text) == default


def test_the_option_of_a_setting_has_hyphens() -> None:
    assert SETTINGS["batch_size"].option == "--batch-size"


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("learning_rate", "1e-2", 0.01),
        ("learning_rate", "1", 1.0),
        ("batch_size", "128", 128),
        ("train_size", "5000", 5000),
        ("train_size", "none", None),
        ("patience", "3", 3),
        ("gradient_clip", "1", 1.0),
        ("select", "best-on-test", "best-on-test"),
        ("normalization", "none", "none"),
        ("precision", "auto", "auto"),
        ("deterministic", "true", True),
    ],
)
def test_a_setting_is_parsed_by_its_type(name: str, text: str, value: ParameterValue) -> None:
    assert repr(SETTINGS[name].parse(text)) == repr(value)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("batch_size", "0"),
        ("batch_size", "64.5"),
        ("epochs", "0"),
        ("epochs", "many"),
        ("learning_rate", "-1"),
        ("learning_rate", "nan"),
        ("label_smoothing", "1.5"),
        ("train_size", "0"),
        ("deterministic", "maybe"),
        ("threads", "0"),
    ],
)
def test_an_invalid_value_is_refused_with_the_option_and_its_values(name: str, text: str) -> None:
    error = refused(name, text)
    assert SETTINGS[name].option in error.message
    assert text in error.message


@pytest.mark.parametrize(
    ("name", "text", "near"),
    [
        ("loss", "cross-entrpy", "cross-entropy"),
        ("normalization", "standart", "standard"),
        ("select", "bets", "best"),
        ("precision", "bfloat", "bfloat16"),
        ("device", "cdua", "cuda"),
        ("monitor", "valdation_accuracy", "validation_accuracy"),
    ],
)
def test_a_misspelled_choice_suggests_the_nearest(name: str, text: str, near: str) -> None:
    assert f"Did you mean {near}" in refused(name, text).hint


@pytest.mark.parametrize("text", ["0.2", "0.00001", "stratified:0.000015", "last:1000", "first:1", "test", "own"])
def test_every_split_of_the_design_is_accepted(text: str) -> None:
    assert SETTINGS["validation"].parse(text) == text


def test_one_fraction_has_one_spelling() -> None:
    assert {SETTINGS["validation"].parse(text) for text in ("0.2", ".2", "0.20")} == {"0.2"}
    assert {SETTINGS["validation"].parse(text) for text in ("0.00001", ".00001", ".000010")} == {"0.00001"}


@pytest.mark.parametrize(
    "text",
    ["0", "0.0", "1", "1.0", "0.99999999999999999", "20%", "last", "last:0", "first:-3", "last:1.5", "tests", ""],
)
def test_an_invalid_split_is_refused_with_the_accepted_forms(text: str) -> None:
    error = refused("validation", text)
    assert "--validation" in error.message
    assert all(form in error.hint for form in ("0.2", "last:N", "first:N", "test"))


def test_augmentations_are_applied_in_one_order_however_they_are_written() -> None:
    written = ("flip,crop", "crop,flip", "crop:padding=4,flip:probability=0.5")
    assert {SETTINGS["augment"].parse(text) for text in written} == {"crop,flip"}


def test_parameters_of_augmentations_are_parsed() -> None:
    assert SETTINGS["augment"].parse("cutout:size=4,crop:padding=2") == "crop:padding=2,cutout:size=4"
    assert parse_augmentations("crop:padding=2,flip") == {"crop": {"padding": 2}, "flip": {"probability": 0.5}}
    assert parse_augmentations("none") == {}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("flop", ["'flop'", "flip", "cutout"]),
        ("crop:size=3", ["crop", "size", "padding"]),
        ("crop:padding=0", ["crop:padding", "at least 1"]),
        ("flip:probability=often", ["flip:probability", "a number"]),
        ("crop,,flip", ["empty"]),
        ("crop:padding=2,flip,crop:padding=8", ["crop", "twice"]),
        ("flip,Flip", ["flip", "twice"]),
        ("", ["empty"]),
    ],
)
def test_an_invalid_augmentation_is_refused_with_the_accepted_ones(text: str, words: list[str]) -> None:
    error = refused("augment", text)
    assert all(word in str(error) for word in words)
