import subprocess
import sys
from collections.abc import Sequence
from importlib import import_module

import pytest

from dlbench.components.choice import Selection
from dlbench.torchvision.classifiers import CLASSIFIERS
from dlbench.torchvision.plugin import FAMILIES, dlbench_models, dlbench_veto
from dlbench.trials.settings import Settings
from dlbench.trials.trial import Trial

RECORDS = {record.name: record for record in dlbench_models()}


def trial(model: str, activation: str = "own", shape: tuple[int, int, int] | None = (3, 32, 32)) -> Trial:
    return Trial(
        model=Selection(model),
        activation=Selection(activation),
        dataset=Selection("standard/digits"),
        scheduler=Selection("standard/constant"),
        optimizer=Selection("standard/adam"),
        settings=Settings(),
        seed=0,
        input_shape=shape,
    )


def test_every_model_has_a_record_under_torchvision_s_name_with_hyphens() -> None:
    assert len(RECORDS) == len(CLASSIFIERS)
    assert {"resnet18", "vit-b-16", "mobilenet-v3-small", "regnet-x-1-6gf"} <= RECORDS.keys()


@pytest.mark.parametrize("name", RECORDS)
def test_a_record_says_what_the_model_is_where_from_and_where_to_build_it(name: str) -> None:
    record = RECORDS[name]
    module, _, attribute = record.factory.partition(":")
    assert callable(getattr(import_module(module), attribute))
    assert record.activation == "own"
    assert "M parameters" in record.summary
    assert len(record.summary) < 100
    assert "arXiv" in record.source


def test_a_family_is_found_by_its_longest_name() -> None:
    assert RECORDS["swin-v2-t"].source == FAMILIES["swin_v2"][1]
    assert RECORDS["swin-t"].source == FAMILIES["swin"][1]
    assert RECORDS["efficientnet-v2-s"].source == FAMILIES["efficientnet_v2"][1]


def test_what_cannot_be_replaced_is_said() -> None:
    fixed = {name for name, record in RECORDS.items() if "fixed-activation" in record.tags}
    assert fixed == {"googlenet", "inception-v3"}
    assert all(RECORDS[name].summary.endswith("always with ReLU") for name in fixed)
    assert RECORDS["densenet121"].summary.endswith("the last activation stays ReLU")


@pytest.mark.parametrize(
    ("model", "activation", "shape", "words"),
    [
        ("torchvision/googlenet", "standard/tanh", (3, 32, 32), ["googlenet", "no other activation"]),
        ("torchvision/vit-b-16", "own", (1, 28, 28), ["multiple of 16", "not 28×28"]),
        ("torchvision/vit-b-16", "own", (3, 32, 48), ["square", "not 32×48"]),
        ("torchvision/maxvit-t", "own", (3, 256, 256), ["multiple of 224"]),
    ],
)
def test_what_cannot_be_is_vetoed_with_its_reason(
    model: str, activation: str, shape: tuple[int, int, int], words: Sequence[str]
) -> None:
    reason = dlbench_veto(trial(model, activation, shape))
    assert reason is not None
    assert all(word in reason for word in words)


@pytest.mark.parametrize(
    ("model", "activation", "shape"),
    [
        ("torchvision/googlenet", "own", (3, 32, 32)),
        ("torchvision/resnet18", "standard/tanh", (1, 28, 20)),
        ("torchvision/vit-b-16", "standard/tanh", (3, 32, 32)),
        ("torchvision/vit-b-16", "own", None),
        ("stranger/googlenet", "standard/tanh", (3, 32, 32)),
    ],
)
def test_everything_else_is_let_through(model: str, activation: str, shape: tuple[int, int, int] | None) -> None:
    assert dlbench_veto(trial(model, activation, shape)) is None


def test_reading_the_records_imports_neither_torch_nor_torchvision() -> None:
    program = (
        "import sys; from dlbench.torchvision import plugin; plugin.dlbench_models(); "
        "print(sorted({'torch', 'torchvision', 'numpy'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
