import pytest

from dlbench.components.axes import AXES, Axis
from dlbench.components.choice import Selection
from dlbench.components.records import KINDS
from dlbench.trials.axes import ASSIGNABLE, DEFAULTS, TEXTS_BEFORE_INTRODUCED
from dlbench.trials.settings import SETTINGS, VALUES_BEFORE_INTRODUCED
from dlbench.trials.trial import Trial

LATER = Axis(name="later", kind="models", default="none", help="Later.", meaning="It.", words=("own",), absent="none")


@pytest.mark.parametrize("axis", AXES.values(), ids=lambda axis: axis.name)
def test_an_axis_has_a_kind_and_a_sentence_for_its_option_and_its_column(axis: Axis) -> None:
    assert axis.kind in KINDS
    assert axis.help.endswith(".")
    assert axis.meaning.endswith(".")


@pytest.mark.parametrize("axis", AXES.values(), ids=lambda axis: axis.name)
def test_every_record_has_an_axis_or_the_axis_says_what_its_absence_means(axis: Axis) -> None:
    assert axis.name in Trial.__dataclass_fields__ or axis.absent is not None


def test_axes_and_settings_have_distinct_names_and_a_default_each() -> None:
    assert len(set(ASSIGNABLE)) == len(AXES) + len(SETTINGS)
    assert DEFAULTS.keys() == set(ASSIGNABLE)


@pytest.mark.parametrize("name", VALUES_BEFORE_INTRODUCED)
def test_what_trials_did_before_a_setting_can_still_be_requested(name: str) -> None:
    assert SETTINGS[name].parse(TEXTS_BEFORE_INTRODUCED[name]) == VALUES_BEFORE_INTRODUCED[name]


def test_an_axis_takes_words_beside_components() -> None:
    assert [LATER.word(text) for text in ("own", "Own", "none", "mlp", "")] == ["own", "own", "none", "", ""]
    assert LATER.is_absent(Selection("none"))
    assert not AXES["activation"].is_absent(Selection("none"))
    assert Axis(name="two_words", kind="models", default="", help="", meaning="").option == "--two-words"
