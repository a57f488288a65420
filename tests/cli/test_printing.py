"""Texts of plugins and users are printed unchanged: brackets are not markup, and names between colons not emoji."""

import pytest

QUOTED = "[bold] of [n, c] :smile:"
PLUGIN = f"""
from dlbench import Activation, hookimpl

@hookimpl
def dlbench_activations():
    return [Activation(name="tagged", factory="torch.nn:Tanh", summary="{QUOTED}", source="{QUOTED}")]

@hookimpl
def dlbench_models():
    raise RuntimeError("{QUOTED}")
"""


@pytest.fixture(autouse=True)
def _tagged(install, monkeypatch):
    install("tags", PLUGIN)
    monkeypatch.setenv("DLBENCH_PLUGINS", "tags")


@pytest.mark.parametrize("words", [("list", "activations", "tagged"), ("show", "activation", "tagged")])
def test_a_summary(dlbench, words):
    assert QUOTED in dlbench(*words, columns=200).stdout


@pytest.mark.parametrize("words", [("list", "models"), ("plugins", "list")])
def test_the_fault_of_a_plugin(dlbench, words):
    done = dlbench(*words, columns=200)
    assert QUOTED in done.stdout + done.stderr


@pytest.mark.parametrize(
    "words", [("list", QUOTED), ("list", "models", QUOTED), ("show", "model", QUOTED), ("plot", f"/{QUOTED}")]
)
def test_what_was_typed(dlbench, words):
    done = dlbench(*words)
    assert done.returncode == 2
    assert QUOTED in done.stderr
