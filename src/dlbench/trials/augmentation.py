"""The augmentation setting: what it accepts, and its one way of writing."""

from collections.abc import Mapping
from types import MappingProxyType

from dlbench.components.records import Parameter, ParameterValue
from dlbench.components.spelling import resolve
from dlbench.components.syntax import Reference, format_reference, parse_reference, parse_value, split_list
from dlbench.errors import DlbenchError, suggest

#: Parameters by name, in the order in which augmentations are applied.
AUGMENTATIONS: Mapping[str, Mapping[str, Parameter]] = MappingProxyType(
    {
        "crop": {"padding": Parameter(4, minimum=1)},
        "flip": {"probability": Parameter(0.5, minimum=0, maximum=1)},
        "cutout": {"size": Parameter(8, minimum=1)},
    }
)


def check_augmentation(text: str) -> str:
    """Return the setting in canonical form. Raises DlbenchError if it is invalid."""
    written = []
    for name, parameters in parse_augmentations(text).items():
        changed = {key: value for key, value in parameters.items() if value != AUGMENTATIONS[name][key].default}
        written.append(format_reference(name, changed))
    return ",".join(written) or "none"


def parse_augmentations(text: str) -> dict[str, dict[str, ParameterValue]]:
    """Read "crop:padding=2,flip" as {name: {parameter: value}}, in the order in which they are applied."""
    if text.casefold() == "none":
        return {}
    references = [_canonical(parse_reference(item)) for item in split_list(text)]
    chosen = {reference.name: _parameters(reference) for reference in references}
    names = [reference.name for reference in references]
    if twice := [name for name in chosen if names.count(name) > 1]:
        raise DlbenchError(
            f"The augmentation {twice[0]} is named twice.", "Name it once; repeat --augment to compare several."
        )
    return {name: chosen[name] for name in AUGMENTATIONS if name in chosen}


def _canonical(reference: Reference) -> Reference:
    return Reference(resolve(reference.name, AUGMENTATIONS) or reference.name, reference.parameters)


def _parameters(reference: Reference) -> dict[str, ParameterValue]:
    """Return every parameter of an augmentation, defaults included."""
    name = reference.name
    if name not in AUGMENTATIONS:
        hint = suggest(name, AUGMENTATIONS, f"It takes none, {', '.join(AUGMENTATIONS)}.")
        raise DlbenchError(f"There is no augmentation {name!r}.", hint)
    accepted = AUGMENTATIONS[name]
    if unknown := reference.parameters.keys() - accepted.keys():
        raise DlbenchError(
            f"The augmentation {name} has no parameter {', '.join(sorted(unknown))}.",
            f"It takes {', '.join(accepted)}.",
        )
    defaults = {key: parameter.default for key, parameter in accepted.items()}
    return defaults | {
        key: parse_value(raw, accepted[key], f"{name}:{key}") for key, raw in reference.parameters.items()
    }
