"""What keywords ask for: a comparison, or what replaces parts of an experiment."""

from collections.abc import Mapping, Sequence
from typing import Any

from dlbench.api.session import declared
from dlbench.components.axes import AXES
from dlbench.components.syntax import format_value, split_assignments
from dlbench.errors import DlbenchError
from dlbench.plans.criteria import Criteria
from dlbench.plans.plan import Request
from dlbench.plans.tuning import Tune
from dlbench.plugins.registry import Registry
from dlbench.plugins.user_objects import is_object
from dlbench.statistics.seeds import Seeds, named_seeds
from dlbench.trials.axes import axis_name


def read_request(given: Mapping[str, Any], registry: Registry) -> Request:
    """Return the keywords of `compare` as what is asked for, still in text.

    The code of classes and functions of the user's own is made known to the registry.
    """
    return Request(
        values={axis: texts(axis, value, registry) for axis, value in given["axes"].items()},
        variants=[assignments(variant, registry) for variant in given["variants"]],
        seeds=_seeds(given["seeds"], given["seed"]),
        judging={option: given[option] for option in declared(Criteria) if given[option] is not None},
        noise_floor=given["noise_floor"],
        diagnostics=_listed(given["diagnostics"]),
        tune=_tune(given),
        hold=_listed(given["hold"]),
    )


def _listed(names: str | Sequence[str]) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names)


def _tune(given: Mapping[str, Any]) -> Tune | None:
    tune = Tune(
        ranges=_ranges(given["tune"]),
        budget=str(given["budget"]),
        studies=given["studies"],
        seeds=given["tuning_seeds"],
        design=given["tune_design"],
    )
    if tune.ranges:
        return tune
    if tune != Tune():
        raise DlbenchError(
            "budget, studies, tuning_seeds and tune_design say how to tune, and nothing says what.",
            'Add tune={"learning_rate": "log:1e-4..1e-1"}, or tune="auto".',
        )
    return None


def _seeds(seeds: int | str | None, seed: int | Sequence[int] | None) -> Seeds:
    if seeds is not None and seed is not None:
        raise DlbenchError("seeds says how many and seed says which.", "Use only one of the two.")
    if seed is not None:
        return [seed] if isinstance(seed, int) else seed
    return named_seeds(seeds) if isinstance(seeds, str) else seeds


def _ranges(tune: str | Sequence[str] | Mapping[str, str | Sequence[Any]]) -> tuple[str, ...]:
    """Return what is tuned as text; a list of values is one of choices."""
    if isinstance(tune, Mapping):
        return tuple(f"{name}={_range(found)}" for name, found in tune.items())
    return ((tune,) if tune else ()) if isinstance(tune, str) else tuple(tune)


def _range(found: str | Sequence[Any]) -> str:
    return found if isinstance(found, str) else "choice:" + "/".join(map(format_value, found))


def texts(axis: str, value: Any, registry: Registry) -> tuple[str, ...]:
    """Return the values of a keyword, a list or a tuple, as the command line takes them.

    The user's own code among them is made known.
    """
    return tuple(_text(axis, item, registry) for item in (value if isinstance(value, list | tuple) else [value]))


def _text(axis: str, value: Any, registry: Registry) -> str:
    if isinstance(value, str):
        return value
    if not is_object(value):
        return format_value(value)
    if axis_name(axis) not in AXES:
        raise DlbenchError(
            f"{axis} takes no code of your own, such as {getattr(value, '__name__', value)!r}.",
            f"Write it as on the command line. Own classes and functions can be {', '.join(AXES)}.",
        )
    return registry.user.text_of(value)


def assignments(variant: str | Mapping[str, Any], registry: Registry) -> dict[str, str]:
    """Return what a variant sets, by name."""
    if isinstance(variant, str):
        return split_assignments(variant)
    for name, value in variant.items():
        if isinstance(value, list | tuple):
            raise DlbenchError(f"A variant sets one {name}, not several.", "Add a variant for each.")
    return {name: _text(name, value, registry) for name, value in variant.items()}
