"""What is asked for with --diagnostics, and at which epochs it measures."""

import pytest

from dlbench.components.metrics import Value
from dlbench.components.records import Diagnostic
from dlbench.errors import ContractError, DlbenchError
from dlbench.plans.diagnostics import read_diagnostics, source_of
from dlbench.trials.diagnostics import NO_DIAGNOSTICS, DiagnosticsPlan, read_time
from dlbench.trials.identity import canonical_json
from dlbench.trials.work_unit import WorkUnit


@pytest.mark.parametrize(
    ("at", "epochs_run", "measured"),
    [
        (("first", "last"), 10, {1, 10}),
        (("first", "last"), 1, {1}),
        (("every:3",), 10, {3, 6, 9}),
        (("2", "5", "40"), 10, {2, 5}),
        (("first", "every:4", "last"), 9, {1, 4, 8, 9}),
    ],
)
def test_epochs_are_those_that_the_times_name(at, epochs_run, measured):
    assert DiagnosticsPlan(diagnostics=("a",), at=at).epochs(epochs_run) == measured


def test_without_a_time_the_first_and_the_last_epoch_are_measured(registry):
    diagnostics = read_diagnostics(["saturation,sharpness:radius=0.1"], registry)
    assert diagnostics.diagnostics == ("standard/saturation", "standard/sharpness:radius=0.1")
    assert diagnostics.at == ("first", "last")
    assert diagnostics.values == ("saturation", "sharpness")


def test_times_and_names_mix_in_any_order_and_over_repeated_options(registry):
    diagnostics = read_diagnostics(["every:5,gradient-norm", "3,first,standard/dead-units"], registry)
    assert diagnostics.diagnostics == ("standard/gradient-norm", "standard/dead-units")
    assert diagnostics.at == ("every:5", "3", "first")
    assert diagnostics.values == ("gradient_norm", "vanishing_ratio", "dead_units")


@pytest.mark.parametrize("asked", ["all", "first,last"])
def test_all_and_times_alone_mean_every_diagnostic(registry, asked):
    assert len(read_diagnostics([asked], registry).diagnostics) == len(registry.entries("diagnostics")) == 12


def test_with_all_a_diagnostic_may_have_its_own_parameters(registry):
    diagnostics = read_diagnostics(["all,sharpness:radius=0.1"], registry)
    assert [name for name in diagnostics.diagnostics if "sharpness" in name] == ["standard/sharpness:radius=0.1"]
    assert len(diagnostics.diagnostics) == 12


def test_without_a_request_nothing_is_measured(registry):
    assert read_diagnostics([], registry) == NO_DIAGNOSTICS
    assert not NO_DIAGNOSTICS


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("saturaton", "saturation"),
        ("lst", "last"),
        ("every:x", "every:5"),
        ("0", "epochs count from 1"),
        ("every:0", "epochs count from 1"),
        ("sharpness:radius=-1", "at least 0"),
        ("sharpness:rho=1", "radius"),
    ],
)
def test_a_mistake_is_named_with_what_was_perhaps_meant(registry, asked, said):
    with pytest.raises(DlbenchError) as caught:
        read_diagnostics([asked], registry)
    assert said in f"{caught.value.message} {caught.value.hint}"


def test_a_time_is_kept_in_one_spelling():
    assert [read_time(text) for text in ("05", "every:010", "first", "saturation")] == ["5", "every:10", "first", None]


def test_joined_plans_measure_what_either_measures():
    first, second = (
        DiagnosticsPlan(diagnostics=("a",), at=("first",), values=("x",)),
        DiagnosticsPlan(diagnostics=("b", "a"), at=("last",), values=("y", "x")),
    )
    assert first.joined(second) == DiagnosticsPlan(diagnostics=("a", "b"), at=("first", "last"), values=("x", "y"))
    assert first.joined(NO_DIAGNOSTICS) == NO_DIAGNOSTICS.joined(first) == first


def test_a_record_lacks_what_was_not_tried_at_every_epoch_asked_for():
    diagnostics = DiagnosticsPlan(diagnostics=("a", "b"))
    assert diagnostics.missing_from({}, 5)
    assert diagnostics.missing_from({"a": (1, 5)}, 5)
    assert diagnostics.missing_from({"a": (1, 5), "b": (1,)}, 5)
    assert not diagnostics.missing_from({"a": (1, 5), "b": (1, 3, 5)}, 5)
    assert not NO_DIAGNOSTICS.missing_from({}, 5)


def test_it_survives_the_way_to_a_worker_and_into_the_journal():
    diagnostics = DiagnosticsPlan(
        diagnostics=("standard/sharpness:radius=0.1",), at=("every:2",), values=("sharpness",)
    )
    unit = WorkUnit(trials=(), diagnostics=diagnostics)
    assert WorkUnit.from_json(unit.to_json()) == unit
    without = {key: value for key, value in unit.to_json().items() if key != "diagnostics"}
    assert WorkUnit.from_json(without).diagnostics == NO_DIAGNOSTICS  # of an executor that knows nothing of it


def test_checkpoints_of_earlier_versions_are_of_the_same_diagnostics_whatever_is_declared():
    """The text is part of a checkpoint's identity, as the versions without declarations wrote it."""
    assert canonical_json(NO_DIAGNOSTICS.measured) == '{"at":["first","last"],"diagnostics":[],"values":[]}'
    declared = DiagnosticsPlan(diagnostics=("a/b",), values=("x",), declared=(Value("x", better="lower"),))
    undeclared = DiagnosticsPlan(diagnostics=("a/b",), values=("x",), declared=None)
    assert declared.measured == undeclared.measured == undeclared.to_json()


def test_the_diagnostic_that_gives_a_metric_is_found_by_its_value(registry):
    assert source_of("vanishing_ratio", registry) == "gradient-norm"
    assert source_of("saturation@last", registry) == "saturation"
    assert source_of("test_accuracy", registry) == ""


def test_a_record_names_its_values_and_needs_only_what_there_is():
    assert Diagnostic(name="my-own", factory="a:b").values == ("my_own",)
    with pytest.raises(ContractError, match="weather"):
        Diagnostic(name="x", factory="a:b", needs=("weather",))
    with pytest.raises(ContractError, match="Bad"):
        Diagnostic(name="x", factory="a:b", values=("Bad name",))
