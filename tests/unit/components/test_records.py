import dataclasses

import pytest

from dlbench import Activation, Dataset, Diagnostic, Executor, Figure, Model, Optimizer, Parameter, Scheduler
from dlbench.components.records import KINDS, Component
from dlbench.errors import ContractError

RECORDS = (Model, Activation, Dataset, Scheduler, Optimizer, Diagnostic, Executor)
records = pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.__name__)


@records
def test_a_record_needs_a_name_and_a_factory_and_nothing_else(record: type[Component]) -> None:
    assert record(name="snake", factory="dlbench_snake.snake:Snake").summary == ""
    needed = [f.name for f in dataclasses.fields(record) if _has_no_default(f)]
    assert needed == ["name", "factory"]


def _has_no_default(field: dataclasses.Field[object]) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


@records
def test_a_record_takes_keywords_only(record: type[Component]) -> None:
    with pytest.raises(TypeError, match="positional"):
        record("snake", "dlbench_snake.snake:Snake")


@records
def test_a_record_cannot_be_changed(record: type[Component]) -> None:
    made = record(name="snake", factory="a.b:c", defaults={"a": 1.0})
    with pytest.raises(dataclasses.FrozenInstanceError):
        made.name = "adder"
    with pytest.raises(TypeError):
        made.parameters["a"] = Parameter(2.0)


def test_a_changed_parameter_mapping_of_the_author_does_not_reach_the_record() -> None:
    mine = {"a": Parameter(1.0)}
    made = Activation(name="snake", factory="a.b:c", parameters=mine)
    mine["b"] = Parameter(2.0)
    assert list(made.parameters) == ["a"]


def test_a_record_can_be_copied_with_another_name() -> None:
    made = Activation(name="snake", factory="a.b:c", parameters={"b": Parameter(2)}, defaults={"a": 1.0})
    copy = dataclasses.replace(made, name="adder")
    assert (copy.name, copy.parameters) == ("adder", made.parameters)


def test_every_kind_of_the_design_has_its_record() -> None:
    assert dict(KINDS) == {
        "models": Model,
        "activations": Activation,
        "datasets": Dataset,
        "schedulers": Scheduler,
        "optimizers": Optimizer,
        "diagnostics": Diagnostic,
        "executors": Executor,
        "figures": Figure,
    }


def test_the_fields_of_each_kind_have_the_defaults_of_the_design() -> None:
    model = Model(name="m", factory="a:b")
    assert (model.activation, model.minimum_size) == ("relu", 1)
    assert (Scheduler(name="s", factory="a:b").interval, Scheduler(name="s", factory="a:b").needs_metric) == (
        "epoch",
        False,
    )
    dataset = Dataset(name="d", factory="a:b")
    assert (dataset.input_shape, dataset.num_classes, dataset.license, dataset.download_bytes) == (None, None, "", None)


def test_a_data_set_takes_the_former_spelling_of_its_license() -> None:
    former = Dataset(name="a", factory="b:c", licence="MIT")
    assert former == Dataset(name="a", factory="b:c", license="MIT")
    assert dataclasses.replace(former, name="d").license == "MIT"


@pytest.mark.parametrize("name", ["relu", "relu6", "6relu", "leaky-relu", "a", "resnet-18-"])
def test_names_are_lowercase_letters_digits_and_hyphens(name: str) -> None:
    assert Activation(name=name, factory="a.b:c").name == name


@pytest.mark.parametrize("name", ["", "ReLU", "-relu", "leaky_relu", "a/b", "relu ", "relu\n", "a:b", "é"])
def test_any_other_name_breaks_the_contract(name: str) -> None:
    with pytest.raises(ContractError) as caught:
        Activation(name=name, factory="a.b:c")
    assert repr(name) in caught.value.message


@pytest.mark.parametrize("factory", ["", "package.module", "package.module:", ":attribute", "a b:c", "a:b:c", "a:b\n"])
def test_a_factory_that_does_not_name_module_and_attribute_breaks_the_contract(factory: str) -> None:
    with pytest.raises(ContractError) as caught:
        Activation(name="snake", factory=factory)
    assert "snake" in caught.value.message
    assert repr(factory) in caught.value.message
    assert "package.module:attribute" in caught.value.message


def test_a_factory_is_not_imported_when_the_record_is_made() -> None:
    assert Model(name="m", factory="there_is_no_such_package.models:build").name == "m"


def test_defaults_are_a_short_form_of_parameters() -> None:
    short = Activation(name="a", factory="a:b", defaults={"p": 0.5, "steps": 3, "on": True, "mode": "tanh"})
    long = Activation(
        name="a",
        factory="a:b",
        parameters={"p": Parameter(0.5), "steps": Parameter(3), "on": Parameter(True), "mode": Parameter("tanh")},
    )
    assert short.parameters == long.parameters
    assert [parameter.type for parameter in short.parameters.values()] == [float, int, bool, str]


def test_a_parameter_given_both_ways_breaks_the_contract() -> None:
    with pytest.raises(ContractError, match="is in both parameters and defaults"):
        Activation(name="snake", factory="a:b", parameters={"a": Parameter(1.0)}, defaults={"a": 2.0})


@pytest.mark.parametrize("key", ["negative-slope", "", "1st", "a b"])
def test_a_parameter_is_named_as_python_names_arguments(key: str) -> None:
    with pytest.raises(ContractError) as caught:
        Activation(name="snake", factory="a:b", defaults={key: 1.0})
    assert "snake" in caught.value.message


def test_a_bare_value_among_parameters_breaks_the_contract() -> None:
    with pytest.raises(ContractError, match="it takes an identifier and a Parameter"):
        Activation(name="snake", factory="a:b", parameters={"a": 1.0})


@pytest.mark.parametrize(
    ("default", "kind"), [(True, bool), (3, int), (0.5, float), ("a", str), ((128, 64), tuple), (None, None)]
)
def test_a_parameter_has_the_type_of_its_default(default: object, kind: type | None) -> None:
    assert Parameter(default).type is kind


def test_an_integer_default_of_a_float_parameter_is_a_float() -> None:
    assert repr(Parameter(1, type=float).default) == "1.0"


@pytest.mark.parametrize("kind", [list, dict, object])
def test_a_parameter_of_another_type_breaks_the_contract(kind: type) -> None:
    with pytest.raises(ContractError, match="bool, int, float, str, tuple"):
        Parameter(type=kind)


def test_a_list_as_default_breaks_the_contract() -> None:
    with pytest.raises(ContractError):
        Parameter([128, 64])


def test_a_required_parameter_needs_no_default() -> None:
    parameter = Parameter(required=True, type=str)
    assert (parameter.default, parameter.required, parameter.type) == (None, True, str)


def test_a_schedule_steps_by_epoch_or_by_step() -> None:
    assert Scheduler(name="s", factory="a:b", interval="step").interval == "step"
    with pytest.raises(ContractError, match="invalid interval 'batch': it takes 'epoch' or 'step'"):
        Scheduler(name="s", factory="a:b", interval="batch")
