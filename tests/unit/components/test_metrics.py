"""Metrics: what their names say about direction, unit and digits."""

import pytest

from dlbench import Diagnostic, Value
from dlbench.analysis.metrics import DERIVED
from dlbench.components.metric_table import METRICS, find_metric, names_in_groups
from dlbench.errors import ContractError
from dlbench.standard.diagnostic_records import DIAGNOSTICS
from dlbench.trials.diagnostics import DiagnosticsPlan

#: name | what wins | share | margin | unit of differences | heading | scale of values | digits, as first released.
BUILT_IN = """
train_loss | lower | no | 0 | - | training loss | 1 | 4
train_accuracy | higher | yes | 0.002 | points | training accuracy (%) | 100 | 2
validation_loss | lower | no | 0 | - | validation loss | 1 | 4
validation_accuracy | higher | yes | 0.002 | points | validation accuracy (%) | 100 | 2
last_validation_loss | lower | no | 0 | - | last validation loss | 1 | 4
last_validation_accuracy | higher | yes | 0.002 | points | last validation accuracy (%) | 100 | 2
test_loss | lower | no | 0 | - | test loss | 1 | 4
test_accuracy | higher | yes | 0.002 | points | test accuracy (%) | 100 | 2
macro_precision | higher | yes | 0.002 | points | macro precision | 1 | 4
macro_recall | higher | yes | 0.002 | points | macro recall | 1 | 4
macro_f1 | higher | yes | 0.002 | points | macro f1 | 1 | 4
step_loss_oscillation | lower | no | 0 | - | step loss oscillation | 1 | 4
best_epoch | higher | no | 0 | - | best epoch | 1 | 4
epochs_run | higher | no | 0 | - | epochs run | 1 | 4
train_seconds | lower | no | 0 | seconds | training time (s) | 1 | -
images_per_second | higher | no | 0 | - | images/s | 1 | 0
parameters | lower | no | 0 | - | parameters | 1 | 0
flops_per_image | lower | no | 0 | - | flops per image | 1 | 4
peak_memory_mb | lower | no | 0 | - | peak memory mb | 1 | 4
generalization_gap | lower | yes | 0.002 | points | generalization gap | 1 | 4
loss_gap | lower | no | 0 | - | loss gap | 1 | 4
train_loss_change | lower | no | 0 | - | train loss change | 1 | 4
validation_accuracy_change | lower | yes | 0.002 | points | validation accuracy change | 1 | 4
train_loss_decrease | higher | no | 0 | - | train loss decrease | 1 | 4
validation_accuracy_area | higher | yes | 0.002 | points | validation accuracy area | 1 | 4
epochs_to_target | lower | no | 0 | - | epochs to target | 1 | 4
seconds_to_target | lower | no | 0 | - | seconds to target | 1 | 4
learning_rate | higher | no | 0 | - | learning rate | 1 | 4
seconds | lower | no | 0 | seconds | seconds | 1 | 4
"""
OF_DIAGNOSTICS = """
dead_units | lower | yes | 0 | points | dead units (%) | 100 | 2
dormant_units | lower | yes | 0 | points | dormant units (%) | 100 | 2
saturation | lower | yes | 0 | points | saturation (%) | 100 | 2
activation_mean | higher | no | 0 | - | activation mean | 1 | -
activation_deviation | higher | no | 0 | - | activation deviation | 1 | -
gradient_norm | higher | no | 0 | - | gradient norm | 1 | -
vanishing_ratio | higher | no | 0 | - | vanishing ratio | 1 | -
update_ratio | higher | no | 0 | - | update ratio | 1 | -
sharpness | lower | no | 0 | - | sharpness | 1 | -
hessian_eigenvalue | lower | no | 0 | - | hessian eigenvalue | 1 | -
stability_limit | higher | no | 0 | - | stability limit | 1 | -
gradient_noise_scale | lower | no | 0 | - | gradient noise scale | 1 | -
gradient_variance | lower | no | 0 | - | gradient variance | 1 | -
evaluation_accuracy_gap | lower | yes | 0 | points | evaluation accuracy gap (%) | 100 | 2
evaluation_loss_gap | lower | no | 0 | - | evaluation loss gap | 1 | 4
calibration_error | lower | yes | 0 | points | calibration error (%) | 100 | 2
negative_log_likelihood | lower | no | 0 | - | negative log likelihood | 1 | 4
brier_score | lower | no | 0 | - | brier score | 1 | 4
loss_oscillation | lower | no | 0 | - | loss oscillation | 1 | -
loss_divergence | lower | no | 0 | - | loss divergence | 1 | 4
"""
DECLARED = tuple(value for diagnostic in DIAGNOSTICS for value in diagnostic.declared)


def lines(table):
    return [line.split(" | ") for line in table.strip().splitlines()]


def read(metric):
    return [
        metric.name,
        "higher" if metric.higher_is_better else "lower",
        "yes" if metric.share else "no",
        f"{metric.margin:g}",
        metric.difference_unit.strip() or "-",
        metric.heading,
        f"{metric.scale:g}",
        "-" if metric.digits is None else str(metric.digits),
    ]


@pytest.mark.parametrize("line", lines(BUILT_IN), ids=lambda line: line[0])
def test_a_built_in_metric_reads_as_it_always_did(line):
    assert read(find_metric(line[0])) == line


@pytest.mark.parametrize("line", lines(OF_DIAGNOSTICS), ids=lambda line: line[0])
def test_a_value_of_a_built_in_diagnostic_reads_as_it_always_did(line):
    assert read(find_metric(line[0], DECLARED)) == line


def test_no_metric_of_the_first_edition_is_missing():
    assert {line[0] for line in lines(BUILT_IN)} <= {*METRICS}
    assert {line[0] for line in lines(OF_DIAGNOSTICS)} <= {value.name for value in DECLARED}


def test_every_metric_has_a_title_a_meaning_and_a_group():
    assert [name for name, metric in METRICS.items() if not (metric.title and metric.meaning and metric.group)] == []
    assert [value.name for value in DECLARED if not value.meaning] == []


def test_a_metric_of_the_epochs_is_derived_by_a_function():
    assert {*names_in_groups("derived", "target")} == {*DERIVED}


def test_differences_of_shares_are_points_and_those_of_times_seconds():
    assert find_metric("validation_accuracy").difference_scale == 100
    assert find_metric("train_seconds").difference_unit == " seconds"
    assert find_metric("test_loss").difference_unit == ""


def test_a_layer_is_part_of_the_title():
    assert find_metric("dead_units@last", DECLARED).heading == "dead units of the last layer (%)"
    assert find_metric("gradient_norm@conv1", DECLARED).heading == "gradient norm@conv1"
    assert not find_metric("dead_units@conv1", DECLARED).higher_is_better
    assert find_metric("saturation@last", DECLARED).share


def test_a_value_without_digits_shows_as_many_as_its_size_asks_for():
    assert find_metric("gradient_norm", DECLARED).format(0.000123456) == "0.000123"
    assert find_metric("hessian_eigenvalue", DECLARED).format(1234.5) == "1,234"


@pytest.mark.parametrize(
    ("name", "better", "share"),
    [
        ("val_loss", "lower", False),
        ("accuracy", "higher", True),
        ("total_seconds", "lower", False),
        ("acc", "higher", True),
        ("reward", None, False),
    ],
)
def test_well_known_names_of_other_programs_have_a_direction(name, better, share):
    assert (find_metric(name).better, find_metric(name).share) == (better, share)


def test_no_ending_of_a_name_decides_anything():
    assert find_metric("weight_loss").better is None
    assert not find_metric("left_accuracy").share


def test_a_diagnostic_declares_its_values_or_names_them():
    record = Diagnostic(name="x", factory="a:b", values=(Value("odd_units", better="lower", share=True), "size"))
    assert record.value_names == ("odd_units", "size")
    assert record.declared == (Value("odd_units", better="lower", share=True),)
    assert find_metric("odd_units", record.declared).heading == "odd units (%)"


@pytest.mark.parametrize("wrong", [{"name": "Bad name"}, {"name": "x", "better": "up"}])
def test_a_value_that_cannot_be_is_refused(wrong):
    with pytest.raises(ContractError):
        Value(**wrong)


def test_declarations_travel_in_the_plan():
    plan = DiagnosticsPlan(diagnostics=("p/x",), values=("a",), declared=(Value("a", better="lower", unit="mm"),))
    assert plan.to_json()["declared"] == [{"name": "a", "better": "lower", "unit": "mm"}]
    assert DiagnosticsPlan.from_json(plan.to_json()) == plan


def test_a_plan_from_before_declarations_stays_as_it_is_and_so_does_one_joined_to_it():
    before = {"diagnostics": ["p/x"], "at": ["last"], "values": ["a"]}
    plan = DiagnosticsPlan.from_json(before)
    assert plan.to_json() == before
    joined = plan.joined(DiagnosticsPlan(diagnostics=("p/y",), values=("b",), declared=(Value("b", better="lower"),)))
    assert joined.declared is None


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0.0000"), (2.67e-6, "2.67e-06"), (-2.67e-6, "-2.67e-06"), (0.00005, "0.0001"), (4.3e307, "4.3e+307")],
)
def test_a_value_with_few_decimals_is_not_shown_as_zero_nor_as_hundreds_of_digits(value: float, text: str) -> None:
    assert find_metric("test_loss").format(value) == text
