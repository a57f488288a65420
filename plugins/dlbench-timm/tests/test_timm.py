import subprocess
import sys
from collections.abc import Iterator

import pytest
import torch
from torch import nn

from dlbench.testing import Registry, conformance
from dlbench_timm.names import FILE, timm_models
from dlbench_timm.plugin import dlbench_models

timm = pytest.importorskip("timm", reason="timm is not installed")

from dlbench_timm import models  # noqa: E402  # these import timm
from dlbench_timm.generate import known, measure, render  # noqa: E402

RECORDS = {record.name: record for record in dlbench_models()}
#: Ten small networks of ten families, by timm's names, with the smallest image size that each takes.
FIXED_NAMES = {
    "resnet18": 8,
    "mobilenetv3_small_050": 8,
    "efficientnet_lite0": 8,
    "convnext_atto": 32,
    "regnetx_002": 8,
    "ghostnet_050": 8,
    "vit_tiny_patch16_224": 28,
    "deit_tiny_patch16_224": 28,
    "mixer_s32_224": 32,
    "mobilenetv2_100": 8,
}


def shapes_are_checked() -> bool:
    """Return whether a convolution that only works out shapes refuses too small an image, as early versions do not."""
    try:
        nn.Conv2d(3, 1, 4, device="meta")(torch.empty(1, 3, 3, 3, device="meta"))
    except RuntimeError:
        return True
    return False


@pytest.fixture(autouse=True)
def _one_thread_and_no_network(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Tiny tensors must not wait for each other's threads; a download would be an error."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    monkeypatch.setattr("socket.socket.connect", lambda *_: pytest.fail("something was looked for on the network"))
    yield
    torch.set_num_threads(before)


class Marked(nn.Tanh):
    """An activation that no network has of its own, and whose backward pass needs its result untouched."""


def count(model: nn.Module, kind: type[nn.Module]) -> int:
    return sum(isinstance(layer, kind) for layer in model.modules())


def test_the_list_is_that_of_the_installed_library() -> None:
    assert FILE.read_text(encoding="utf-8") == render(known())


@pytest.mark.skipif(not shapes_are_checked(), reason="this torch cannot tell what is too small")
@pytest.mark.parametrize("name", FIXED_NAMES)
def test_smallest_sizes_are_those_that_are_measured(name: str) -> None:
    assert known()[name] == measure(name) == FIXED_NAMES[name]


def test_every_model_has_a_record_under_timm_s_name_with_hyphens() -> None:
    assert {record.factory.partition(":")[2] for record in RECORDS.values()} == set(timm.list_models())
    assert len(RECORDS) == len(timm.list_models()) > 1000
    assert RECORDS["vit-base-patch16-224"].factory == "dlbench_timm.models:vit_base_patch16_224"
    assert all(len(record.summary) < 110 and "×" in record.summary for record in RECORDS.values())


def test_a_plain_name_never_becomes_ambiguous_because_timm_has_it_too() -> None:
    registry = Registry.load()
    others = [entry for entry in registry.entries("models") if entry.plugin.name != "timm"]
    for entry in others:
        assert registry.get("models", entry.record.name).plugin.name != "timm"
    assert registry.get("models", "resnet18").name == "torchvision/resnet18"


def test_a_wildcard_lists_a_family() -> None:
    found = [entry.name for entry in Registry.load().find("models", "timm/resnet*")]
    assert {"timm/resnet18", "timm/resnetv2-50"} <= set(found)
    assert all(name.startswith("timm/resnet") for name in found)


@pytest.mark.parametrize("name", FIXED_NAMES)
@pytest.mark.parametrize("channels", [1, 3])
def test_small_images_of_any_number_of_channels_give_logits_and_gradients(name: str, channels: int) -> None:
    torch.manual_seed(0)
    size = FIXED_NAMES[name]
    model = getattr(models, name)((channels, size, size), 7, None).train()
    logits = model(torch.rand(2, channels, size, size))
    logits.square().sum().backward()
    assert logits.shape == (2, 7)
    assert any(parameter.grad is not None for parameter in model.parameters())
    assert model.eval()(torch.rand(1, channels, size, size)).shape == (1, 7)


@pytest.mark.parametrize("name", ["resnet18", "mobilenetv3_small_050", "convnext_atto", "vit_tiny_patch16_224"])
def test_a_chosen_activation_takes_every_place_of_the_network_s_own_and_no_gate_s(name: str) -> None:
    size = FIXED_NAMES[name]
    own, changed = (getattr(models, name)((3, size, size), 7, activation) for activation in (None, Marked))
    places = sum(isinstance(layer, models.ACTIVATIONS) for layer in own.modules())
    assert count(changed, Marked) == places > 0
    assert not any(isinstance(layer, models.ACTIVATIONS) for layer in changed.modules())
    assert count(changed, nn.Hardsigmoid) == count(own, nn.Hardsigmoid)
    changed.train()(torch.rand(2, 3, size, size)).sum().backward()


def test_the_numbers_are_timm_s_own_network_s_with_the_same_seed() -> None:
    torch.manual_seed(3)
    ours = models.resnet18((3, 32, 32), 1000, None)
    torch.manual_seed(3)
    theirs = timm.create_model("resnet18", pretrained=False)
    assert all(torch.equal(ours.state_dict()[key], value) for key, value in theirs.state_dict().items())


def test_a_network_that_cannot_be_built_for_a_size_says_so() -> None:
    with pytest.raises(ValueError, match="timm cannot build maxvit_tiny_tf_224 for 1×30×30 images"):
        models.maxvit_tiny_tf_224((1, 30, 30), 10, None)


def test_a_network_without_activations_of_its_own_refuses_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timm, "create_model", lambda *_, **__: nn.Linear(2, 2))
    with pytest.raises(ValueError, match="no activation that another could take the place of"):
        models.build("resnet18", (3, 32, 32), 10, Marked)


def test_a_name_that_timm_lacks_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match="resnet19"):
        _ = models.resnet19


def test_reading_the_records_imports_neither_torch_nor_timm() -> None:
    program = (
        "import sys; from dlbench_timm import plugin; assert 'dlbench_timm.names' not in sys.modules; "
        "plugin.dlbench_models(); print(sorted({'torch', 'timm', 'numpy'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_line_of_the_list_reads_back_as_it_was_written() -> None:
    assert [model.line() for model in timm_models()] == FILE.read_text(encoding="utf-8").splitlines()


PUBLIC_NAMES = [name.replace("_", "-") for name in FIXED_NAMES]
test_conformance = conformance("timm", names=PUBLIC_NAMES[:2])
test_conformance_of_the_other_families = pytest.mark.slow(conformance("timm", names=PUBLIC_NAMES[2:]))
