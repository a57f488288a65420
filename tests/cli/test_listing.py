import json

import pytest

LARGE = """
from dlbench import Model, hookimpl

@hookimpl
def dlbench_models():
    return [Model(name=f"net{number}", factory="nets:net", summary="one of many") for number in range(1371)]
"""


@pytest.fixture(autouse=True)
def _large_family(install, monkeypatch):
    install("zoo", LARGE)
    monkeypatch.setenv("DLBENCH_PLUGINS", "zoo")


def test_a_family_too_large_to_read_through_is_counted_in_one_line(dlbench):
    done = dlbench("list", "models")
    assert "zoo: 1,371 more; `dlbench list models 'zoo/*'` lists them." in done.stdout
    assert "net7" not in done.stdout
    assert "torchvision/resnet18" in done.stdout


def test_its_pattern_lists_it_and_json_always_has_all(dlbench):
    listed = dlbench("list", "models", "zoo/net1?").stdout
    assert [line.split()[0] for line in listed.splitlines()[1:]] == [f"zoo/net{number}" for number in range(10, 20)]
    document = json.loads(dlbench("list", "models", "--json").stdout)
    assert sum(each["plugin"] == "zoo" for each in document) == 1371
