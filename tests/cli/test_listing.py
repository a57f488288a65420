import json

import pytest

from dlbench.cli.listings.components import print_entries
from dlbench.plugins.registry import Registry

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


def test_a_tag_lists_only_the_components_that_have_it(dlbench, monkeypatch):
    monkeypatch.delenv("DLBENCH_PLUGINS")
    embedded = json.loads(dlbench("list", "datasets", "--tag", "embedded", "--json").stdout)
    assert [each["name"] for each in embedded] == ["standard/digits", "standard/synthetic"]
    assert "Tags: embedded" in dlbench("show", "dataset", "digits").stdout


@pytest.mark.parametrize("kind", ["models", "metrics", "experiments", "figures", "plugins"])
def test_in_json_a_pattern_without_a_match_is_an_empty_document(dlbench, kind):
    done = dlbench("list", kind, "no-such-name", "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout) in ([], {"plugins": [], "problems": []})
    assert dlbench("list", kind, "no-such-name").returncode == 2


def test_several_tags_and_a_pattern_must_all_hold(dlbench, install, monkeypatch):
    tagged = LARGE.replace('summary="one of many"', 'tags=["even", "odd"][number % 2:][:1] + ["net"]')
    install("tagged", tagged.replace("1371", "20"))
    monkeypatch.setenv("DLBENCH_PLUGINS", "tagged")
    done = dlbench("list", "models", "net1?", "--tag", "net", "--tag", "odd")
    listed = [line.split()[0] for line in done.stdout.splitlines()[1:]]
    assert listed == [f"tagged/net{number}" for number in (11, 13, 15, 17, 19)]


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (["models", "--tag", "none-has-this"], "No model matches --tag none-has-this."),
        (["experiments", "--tag", "grey"], "experiments has no tags."),
        (["--tag", "grey"], "no kind has no tags."),
    ],
)
def test_a_tag_that_cannot_be_found_is_an_error(dlbench, words, answer):
    done = dlbench("list", *words)
    assert done.returncode == 2
    assert answer in done.stderr


def test_a_model_s_document_has_its_parameters_as_those_of_other_kinds_and_counts_its_weights(dlbench):
    document = json.loads(dlbench("show", "model", "mlp:hidden=4", "--json").stdout)
    assert document["parameters"].keys() == {"hidden", "dropout"}
    assert document["parameter_count"] == 64 * 4 + 4 + 4 * 10 + 10
    assert sum(layer["parameters"] for layer in document["layers"]) == document["parameter_count"]


@pytest.mark.parametrize("kind", ["optimizers", "activations", "schedulers", "models"])
def test_no_name_is_cut_in_a_narrow_terminal(dlbench, kind):
    names = [entry["name"].removeprefix("standard/") for entry in json.loads(dlbench("list", kind, "--json").stdout)]
    lines = dlbench("list", kind, "*", columns=80).stdout.splitlines()
    assert max(map(len, lines)) <= 80 or kind == "models"
    shown = {line.split()[0] for line in lines if line.strip()}
    assert {*names} <= shown


def test_a_pipe_gets_one_line_a_row(monkeypatch, capsys):
    monkeypatch.delenv("COLUMNS", raising=False)
    entries = Registry.load().entries("optimizers")
    print_entries("optimizers", entries, complete=True)
    assert len(capsys.readouterr().out.splitlines()) == len(entries) + 1
