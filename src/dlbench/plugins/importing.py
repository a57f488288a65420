"""From a record to its factory: the one place that imports what a plugin named."""

from collections.abc import Callable
from importlib import import_module
from typing import Any

from dlbench.components.records import Component
from dlbench.errors import ContractError
from dlbench.plugins.requirements import distribution_of, remedy_for


def resolve_factory(record: Component) -> Callable[..., Any]:
    """Import a component's factory; raises ContractError where it does not resolve."""
    module, _, attributes = record.factory.partition(":")
    try:
        target: Any = import_module(module)
        for attribute in attributes.split("."):
            target = getattr(target, attribute)
    except (ImportError, AttributeError) as error:
        remedy = remedy_for(error, distribution_of(module.partition(".")[0]))
        raise ContractError(
            f"{record.name}: the factory {record.factory} cannot be had: {error}", f"{remedy}." if remedy else ""
        ) from error
    if not callable(target):
        raise ContractError(f"{record.name}: the factory {record.factory} is not callable.")
    found: Callable[..., Any] = target
    return found
