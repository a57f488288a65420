import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlbench.components.records import Parameter, ParameterValue
from dlbench.components.syntax import (
    LARGEST_INTEGER,
    Reference,
    describe,
    format_reference,
    format_value,
    guess_value,
    parse_reference,
    parse_value,
    split_assignments,
    split_list,
)
from dlbench.errors import DlbenchError

NEGATIVE_SLOPE = Parameter(0.01)
HIDDEN = Parameter((128, 64), minimum=1)
PATH = Parameter(required=True, type=str)


def refused(text: str, parameter: Parameter) -> DlbenchError:
    with pytest.raises(DlbenchError) as caught:
        parse_value(text, parameter, "net:p")
    return caught.value


def test_a_bare_name_has_no_parameters() -> None:
    assert parse_reference("relu") == Reference("relu", {})


def test_each_colon_before_a_key_opens_a_parameter() -> None:
    assert parse_reference("sgd:momentum=0.9:weight_decay=5e-4") == Reference(
        "sgd", {"momentum": "0.9", "weight_decay": "5e-4"}
    )


@pytest.mark.parametrize(
    ("text", "path"),
    [
        (r"image-folder:path=C:\data", r"C:\data"),
        ("image-folder:path=C:/data/train", "C:/data/train"),
        ("image-folder:path=/data/a=b", "/data/a=b"),
        ("image-folder:path=s3://bucket/key", "s3://bucket/key"),
        ("image-folder:path=", ""),
        ('image-folder:path="/data/a,b"', "/data/a,b"),
        ('image-folder:path="C:x=1"', "C:x=1"),
        ('image-folder:path="/data/my images"', "/data/my images"),
    ],
)
def test_a_path_with_colons_is_one_value(text: str, path: str) -> None:
    assert parse_reference(text) == Reference("image-folder", {"path": path})


def test_a_qualified_name_keeps_its_slash() -> None:
    assert parse_reference("foundations/lenet5:width=2") == Reference("foundations/lenet5", {"width": "2"})


def test_a_parameter_given_twice_is_an_error() -> None:
    with pytest.raises(DlbenchError, match="gives p twice"):
        parse_reference("dropout:p=0.1:p=0.2")


def test_a_comma_ends_a_variant() -> None:
    assert split_list("relu,leaky-relu:negative_slope=0.1,tanh") == ["relu", "leaky-relu:negative_slope=0.1", "tanh"]


def test_spaces_around_commas_do_not_count() -> None:
    assert split_list("relu, tanh ,sigmoid") == ["relu", "tanh", "sigmoid"]


def test_a_comma_in_double_quotes_is_part_of_the_value() -> None:
    assert split_list('npz:path="a,b.npz",digits') == ['npz:path="a,b.npz"', "digits"]


@pytest.mark.parametrize("text", ["", "  ", ",", "relu,", ",relu", "relu,,tanh", "relu, ,tanh"])
def test_an_empty_list_or_item_is_an_error_that_shows_how_to_write_it(text: str) -> None:
    with pytest.raises(DlbenchError, match="empty") as caught:
        split_list(text)
    assert "relu,tanh" in caught.value.hint


def test_an_unclosed_double_quote_is_an_error() -> None:
    with pytest.raises(DlbenchError, match="Unclosed double quote"):
        split_list('npz:path="a,b')


def test_a_variant_is_read_as_assignments() -> None:
    assert split_assignments("label=big; model=mlp:hidden=512-256 ;batch-size=128") == {
        "label": "big",
        "model": "mlp:hidden=512-256",
        "batch_size": "128",
    }


def test_a_semicolon_in_double_quotes_is_part_of_the_value() -> None:
    assert split_assignments('dataset=npz:path="a;b";epochs=3') == {"dataset": 'npz:path="a;b"', "epochs": "3"}


@pytest.mark.parametrize("text", ["", "mlp", "model=", "model=mlp;", "model=mlp;;epochs=3", "=mlp"])
def test_an_invalid_variant_shows_how_to_write_one(text: str) -> None:
    with pytest.raises(DlbenchError, match="does not read key=value") as caught:
        split_assignments(text)
    assert "--variant" in caught.value.hint


def test_a_variant_that_gives_a_key_twice_is_an_error() -> None:
    with pytest.raises(DlbenchError, match="twice"):
        split_assignments("batch-size=1;batch_size=2")


@pytest.mark.parametrize(
    ("text", "parameter", "value"),
    [
        ("128", Parameter(64), 128),
        ("-3", Parameter(64), -3),
        ("0.1", NEGATIVE_SLOPE, 0.1),
        ("5e-4", NEGATIVE_SLOPE, 0.0005),
        ("1E+2", NEGATIVE_SLOPE, 100.0),
        ("1", NEGATIVE_SLOPE, 1.0),
        ("true", Parameter(False), True),
        ("False", Parameter(True), False),
        ("none", Parameter(None, type=int), None),
        ("7", Parameter(None, type=int), 7),
        ("tanh", Parameter("none", choices=("none", "tanh")), "tanh"),
        ("none", Parameter("none", choices=("none", "tanh")), "none"),
        ("none", PATH, "none"),
        ("true", PATH, "true"),
        ("128-64", HIDDEN, (128, 64)),
        ("32", HIDDEN, (32,)),
        ("0.9-0.999", Parameter((0.5, 0.5)), (0.9, 0.999)),
        ("1e-3-1E-2", Parameter((0.5, 0.5)), (0.001, 0.01)),
        ("-1-2", Parameter((0, 1)), (-1, 2)),
        ("1--2", Parameter((0, 1)), (1, -2)),
        ("0.5-2", Parameter(required=True, type=tuple), (0.5, 2)),
    ],
)
def test_a_value_has_the_declared_parameters_type(text: str, parameter: Parameter, value: ParameterValue) -> None:
    assert repr(parse_value(text, parameter, "p")) == repr(value)


@pytest.mark.parametrize(
    ("text", "value"), [("none", None), ("true", True), ("3", 3), ("3.5", 3.5), ("1e-3", 0.001), ("tanh", "tanh")]
)
def test_without_a_declared_type_the_text_decides(text: str, value: ParameterValue) -> None:
    assert repr(guess_value(text)) == repr(value)
    assert repr(parse_value(text, Parameter(), "p")) == repr(value)


@pytest.mark.parametrize(
    ("text", "parameter", "wanted"),
    [
        ("3.5", Parameter(1), "a whole number"),
        ("1e3", Parameter(1), "a whole number"),
        ("", Parameter(1), "a whole number"),
        ("many", NEGATIVE_SLOPE, "a number"),
        ("none", NEGATIVE_SLOPE, "a number"),
        ("none", Parameter(type=float, required=True), "a number"),
        ("yes", Parameter(True), "true or false"),
        ("1", Parameter(True), "true or false"),
        ("128-", HIDDEN, "numbers joined by '-'"),
        ("128-x", HIDDEN, "numbers joined by '-'"),
    ],
)
def test_a_value_of_the_wrong_type_is_refused_with_the_right_one(text: str, parameter: Parameter, wanted: str) -> None:
    error = refused(text, parameter)
    assert "net:p" in error.message
    assert wanted in error.message
    assert repr(text) in error.message
    assert error.hint


@pytest.mark.parametrize(
    ("text", "parameter", "range_in_words"),
    [
        ("1.5", Parameter(0.5, minimum=0, maximum=1), "from 0 to 1"),
        ("-0.1", Parameter(0.5, minimum=0, maximum=1), "from 0 to 1"),
        ("0", Parameter(4, minimum=1), "at least 1"),
        ("9", Parameter(4, maximum=8), "at most 8"),
        ("128-0", HIDDEN, "at least 1"),
        (str(2**63), Parameter(4, minimum=1), "at least 1"),
        (str(-(2**63)), Parameter(4), "a whole number"),
        ("nan", Parameter(0.5, minimum=0), "at least 0"),
        ("nan", NEGATIVE_SLOPE, "a number"),
    ],
)
def test_a_value_out_of_range_is_refused_with_the_range(text: str, parameter: Parameter, range_in_words: str) -> None:
    error = refused(text, parameter)
    assert "net:p" in error.message
    assert "out of range" in error.message
    assert range_in_words in error.hint


def test_the_ends_of_a_range_are_in_it() -> None:
    assert parse_value(str(2**63 - 1), Parameter(4), "p") == 2**63 - 1
    share = Parameter(0.5, minimum=0, maximum=1)
    assert [parse_value(text, share, "p") for text in ("0", "1")] == [0.0, 1.0]


def test_an_invalid_choice_suggests_the_nearest_and_lists_all() -> None:
    error = refused("reflekt", Parameter("zeros", choices=("zeros", "reflect", "circular")))
    assert "'reflekt'" in error.message
    assert error.hint == "Did you mean reflect? It takes zeros, reflect, circular."


@pytest.mark.parametrize(
    ("parameter", "words"),
    [
        (Parameter(0.5, minimum=0, maximum=1), "a number from 0 to 1, default 0.5"),
        (Parameter(64, minimum=1), "a whole number, at least 1, default 64"),
        (Parameter(None, type=int), "a whole number, default none"),
        (Parameter(True), "true or false, default true"),
        (Parameter("a", choices=("a", "b")), "a, b, default a"),
        (PATH, "a text (required)"),
        (HIDDEN, "numbers joined by '-', at least 1, default 128-64"),
    ],
)
def test_a_parameter_is_described_in_words(parameter: Parameter, words: str) -> None:
    assert describe(parameter) == words


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "none"),
        (True, "true"),
        (0.001, "0.001"),
        (0.1 + 0.2, "0.30000000000000004"),
        (1.0, "1"),
        (np.float64(1 / 3), "0.3333333333333333"),
        ((128, 64), "128-64"),
        ("a,b", '"a,b"'),
    ],
)
def test_a_value_is_written_as_a_user_would(value: ParameterValue, text: str) -> None:
    assert format_value(value) == text


texts = st.text(st.characters(exclude_characters='"', exclude_categories=["Cs"]), max_size=12)
path_like = st.text(st.sampled_from("aZ_=:,;-/\\ .0\t"), max_size=12)
whole, numbers = st.integers(-LARGEST_INTEGER, LARGEST_INTEGER), st.floats(allow_nan=False)
typed = st.one_of(
    st.tuples(st.just(Parameter(True)), st.booleans()),
    st.tuples(st.just(Parameter(1)), whole),
    st.tuples(st.just(Parameter(1.0)), numbers),
    st.tuples(st.just(PATH), texts | path_like),
    st.tuples(st.just(Parameter((1, 2))), st.lists(whole, min_size=1, max_size=4).map(tuple)),
    st.tuples(st.just(Parameter((1.0, 2.0))), st.lists(numbers, min_size=1, max_size=4).map(tuple)),
    st.tuples(st.just(Parameter(None, type=float)), st.none() | numbers),
)
keys = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,5}", fullmatch=True)
components = st.tuples(
    st.from_regex(r"([a-z][a-z0-9-]{0,5}/)?[a-z0-9][a-z0-9-]{0,8}", fullmatch=True),
    st.dictionaries(keys, typed, max_size=3),
)


def read(text: str, parameters: dict[str, tuple[Parameter, ParameterValue]]) -> tuple[str, dict[str, ParameterValue]]:
    reference = parse_reference(text)
    return reference.name, {key: parse_value(raw, parameters[key][0], key) for key, raw in reference.parameters.items()}


@given(st.lists(components, min_size=1, max_size=3))
def test_a_formatted_value_parses_back_alone_in_a_list_and_in_a_variant(
    written: list[tuple[str, dict[str, tuple[Parameter, ParameterValue]]]],
) -> None:
    wanted = [(name, {key: value for key, (_, value) in parameters.items()}) for name, parameters in written]
    lines = [format_reference(name, values) for name, values in wanted]
    assert [read(line, given) for line, (_, given) in zip(lines, written, strict=True)] == wanted
    assert [read(line, given) for line, (_, given) in zip(split_list(",".join(lines)), written, strict=True)] == wanted
    assignments = split_assignments(";".join(f"key{number}={line}" for number, line in enumerate(lines)))
    assert [read(line, given) for line, (_, given) in zip(assignments.values(), written, strict=True)] == wanted


@given(st.text(st.sampled_from('aB_=:,;"- .0\\'), max_size=20))
def test_whatever_parses_can_be_formatted_and_parsed_again(text: str) -> None:
    try:
        reference = parse_reference(text)
        (item,) = split_list(format_reference("net", reference.parameters))
    except DlbenchError:
        return
    assert parse_reference(item).parameters == reference.parameters


@given(numbers)
def test_a_number_is_formatted_without_loss(number: float) -> None:
    back = parse_value(format_value(number), Parameter(1.0), "p")
    assert isinstance(back, float)
    assert back == number
    assert math.copysign(1, back) == math.copysign(1, number)


def test_a_path_with_a_double_quote_is_answered_with_what_to_do():
    with pytest.raises(DlbenchError, match="Unclosed double quote") as caught:
        split_list('npz:path=6" disks.npz')
    assert "ln -s" in caught.value.hint


@pytest.mark.parametrize("text", ['image-folder:path=/data/my "best" photos', '/data/my "best" photos', 'npz:path=a""'])
def test_quotes_that_enclose_nothing_special_are_not_dropped_from_a_path(text):
    with pytest.raises(DlbenchError, match="would be left out") as caught:
        parse_reference(text)
    assert "ln -s" in caught.value.hint


def test_quotes_may_enclose_the_part_of_a_path_that_has_the_comma():
    assert parse_reference('npz:path=/data/"a,b".npz').parameters == {"path": "/data/a,b.npz"}
