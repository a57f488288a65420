"""The suite as a pytest test: one line in a plugin's tests."""

from collections.abc import Callable, Sequence
from typing import Any

from dlbench.testing.suite import Given, Item, items


def conformance(plugin: str, names: Sequence[str] = (), parameters: Given | None = None) -> Callable[..., Any]:
    """Return a test of an installed plugin, parametrized over its components and experiments.

    names: only those whose names match; * and ? are wildcards. parameters: what a component is checked with
    instead of its defaults, as in {"npz": {"path": "images.npz"}}. Raises DlbenchError where the plugin cannot be
    loaded.
    """
    import pytest

    found = items(plugin, names, parameters)

    @pytest.mark.parametrize("item", found, ids=[item.name for item in found])
    def test(item: Item) -> None:
        finding = item.check()
        if finding.breaches:
            pytest.fail(str(finding), pytrace=False)

    return test
