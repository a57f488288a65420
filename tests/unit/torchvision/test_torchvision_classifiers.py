import pytest
import torchvision
from torch import nn

from dlbench.torchvision.classifiers import CLASSIFIERS, Classifier
from dlbench.torchvision.generate import describe, outline, takes

BY_NAME = {classifier.name: classifier for classifier in CLASSIFIERS}
#: What torchvision notes are the sizes these were trained at, not the smallest that they take.
SMALLER_THAN_NOTED = ("efficientnet_v2", "swin", "vit")
#: Early versions of torch let any size through a convolution that only works out shapes.
SHAPES_ARE_CHECKED = not takes(nn.Conv2d(3, 1, 4, device="meta"), 3)


def notes(name: str) -> list[dict[str, object]]:
    """Return what torchvision notes on each of a model's published weights."""
    return [weights.meta for weights in torchvision.models.get_model_weights(name)]


def test_the_list_is_that_of_the_installed_library() -> None:
    assert [classifier.name for classifier in CLASSIFIERS] == torchvision.models.list_models(module=torchvision.models)


@pytest.mark.parametrize("name", sorted(BY_NAME.keys() - {"inception_v3"}))  # noted with its auxiliary classifier
def test_numbers_of_parameters_are_those_that_torchvision_notes(name: str) -> None:
    assert BY_NAME[name].parameters in {note["num_params"] for note in notes(name)}


def test_inception_lacks_its_auxiliary_classifier_alone() -> None:
    full = torchvision.models.inception_v3(weights=None, init_weights=False)
    assert full.AuxLogits is not None
    auxiliary = sum(parameter.numel() for parameter in full.AuxLogits.parameters())
    assert BY_NAME["inception_v3"].parameters + auxiliary == notes("inception_v3")[0]["num_params"]


@pytest.mark.parametrize("name", [name for name in BY_NAME if not name.startswith(SMALLER_THAN_NOTED)])
def test_minimum_sizes_are_those_that_torchvision_notes(name: str) -> None:
    assert notes(name)[0]["min_size"] == (BY_NAME[name].minimum_size,) * 2


@pytest.mark.parametrize("name", ["swin_t", "swin_v2_t", "squeezenet1_1"])
def test_a_model_takes_its_minimum_size_and_larger_ones_but_none_smaller(name: str) -> None:
    model, smallest = outline(BY_NAME[name], 224), BY_NAME[name].minimum_size
    assert all(takes(model, size) for size in (smallest, 3 * smallest + 2))
    if SHAPES_ARE_CHECKED and smallest > 1:
        assert not takes(model, smallest - 1)


@pytest.mark.parametrize("name", ["resnet18", "squeezenet1_0", "googlenet", "vit_b_32", "maxvit_t"])
def test_generating_a_row_again_gives_the_committed_row(name: str) -> None:
    assert describe(name) == BY_NAME[name]


@pytest.mark.parametrize("classifier", [row for row in CLASSIFIERS if row.size_multiple > 1], ids=lambda row: row.name)
def test_networks_of_a_fixed_size_are_built_for_the_size_of_the_images(classifier: Classifier) -> None:
    model = outline(classifier, classifier.minimum_size)
    assert isinstance(model, nn.Module)
    assert takes(model, classifier.minimum_size)
    assert not takes(model, 2 * classifier.minimum_size)
