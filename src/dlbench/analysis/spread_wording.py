"""What is said about where a spread comes from: a sentence a source, the test images, and advice."""

from collections.abc import Iterable, Sequence
from math import isfinite, isnan
from typing import TYPE_CHECKING

from dlbench.analysis.spread import SourceSpread, SpreadTable
from dlbench.components.metrics import Metric
from dlbench.plans.hold import KERNELS
from dlbench.statistics.seeds import default_seeds

if TYPE_CHECKING:
    from dlbench.statistics.variance_shares import Share

#: A source may keep all of the variance from here on.
_ALL = 0.98
#: Fixing a source is worth advice from here on, where its interval leaves out zero.
_WORTH = 0.2
#: Fixing a source may be worth much up to here, so that more has to be known.
_MUCH = 0.5
#: The usual number of seeds of two variants.
_SEEDS = default_seeds(1)
_MORE_SEEDS = "more seeds help: four times as many halve the error"


def percent(share: "Share") -> str:
    """Return a share with its interval, in percent: "94 % [70, 100]"; "" where it is not known."""
    if isnan(share.value):
        return ""
    ends = f" [{100 * share.low:.0f}, {100 * share.high:.0f}]" if share.low != share.high else ""
    return f"{100 * share.value:.0f} %{ends}"


def size(value: float, metric: Metric) -> str:
    """Return the size of a spread with its unit: "0.91 points"."""
    return f"{metric.difference_scale * value:#.2g}".removesuffix(".") + metric.difference_unit


def sentences(table: SpreadTable) -> tuple[str, ...]:
    """Return what a table shows, a sentence each."""
    if not table.is_known:
        return (_unknown(table),)
    return (
        *(_source(each) for each in table.sources),
        *_images(table),
        *([f"equal seeds save {percent(table.pairing)} of the variance of the difference"] if table.pairing else []),
        *_pattern(table),
    )


def told(tables: Iterable[SpreadTable]) -> tuple[str, ...]:
    """Return what tables show, a sentence each, the advice of each last."""
    return tuple(text for table in tables for text in (*sentences(table), advice(table)) if text)


def _unknown(table: SpreadTable) -> str:
    if table.std == 0:
        return f"{table.metric.title} of {table.subject} does not vary: no source is seen in it"
    return f"{table.count} values of {table.subject} are too few to show where a spread comes from"


def _source(each: SourceSpread) -> str:
    if each.is_idle:
        return f"nothing that changes the result is drawn from the {each.source}"
    if each.source == KERNELS:
        return f"running the same again keeps {percent(each.kept)} of the variance: its kernels do not repeat"
    head = f"varying only the {each.source} keeps {percent(each.kept)} of the variance"
    return f"{head}; fixing it removes {percent(each.removed)}" if not isnan(each.removed.value) else head


def _images(table: SpreadTable) -> list[str]:
    if not table.images:
        return []
    error = size(table.images.standard_error, table.metric)
    value = "one pair's difference" if table.pairing else "one training's value"
    head = f"on {table.image_count:,} other such images, {value} has a standard error of {error}"
    share = percent(table.images.share)
    return [f"which test images a training happens to classify correctly is {share} of the variance", head]


def _pattern(table: SpreadTable) -> list[str]:
    active = _active(table)
    if is_chaotic(table):
        return ["each source alone may keep all of the variance, and none is shown to remove any: training is chaotic"]
    return ["the shares do not add up: what sources do together is part of each"] if len(active) > 1 else []


def _active(table: SpreadTable) -> list[SourceSpread]:
    """Return the sources that change the result."""
    return [each for each in table.sources if not each.is_idle]


def is_chaotic(table: SpreadTable) -> bool:
    """Return whether every source alone may keep all of the variance, and none is shown to remove any.

    What they keep has to be more than all of it even at the lower ends: else wide intervals are all that is shown.
    """
    active = _active(table)
    if any(each.kept.high < _ALL or each.removed.low > 0 for each in active):
        return False
    return sum(each.kept.low for each in active) > 1


def advice(table: SpreadTable) -> str:
    """Return what would make the spread smaller, and what would not; "" where nothing is known."""
    if not table.is_known:
        return ""
    most = _outstanding(table.sources)
    if _images_outweigh(table):
        what = " and ".join([*(f"the {each.source}" for each in most), "the test images"])
        mean = f"of what is uncertain in a mean over {_SEEDS} seeds"
        return f"{what} are most {mean}: more test images help, more seeds hardly"
    if most:
        names = " and ".join(f"the {each.source}" for each in most)
        held = ",".join(each.source for each in most)
        return f"{names} stand{'s' * (len(most) == 1)} out: --hold {held} compares without it, on that one alone"
    if unsure := [each.source for each in _active(table) if each.removed.high > _MUCH]:
        number = f"--backgrounds {2 * table.backgrounds}"
        *others, last = [f"the {source}" for source in unsure]
        each = " or ".join(filter(None, (", ".join(others), last)))
        return f"whether fixing {each} helps is not shown: {number} tells more; {_MORE_SEEDS}"
    return _none_stands_out([each.source for each in _active(table)])


def _none_stands_out(varied: Sequence[str]) -> str:
    """Return what to do where fixing none of the sources that were varied helps; others may, and are not spoken of."""
    match varied:
        case []:
            return "what the result varies with was not varied: without --streams, all that is drawn from is"
        case [one]:
            return f"the {one} does not stand out, so fixing it hardly helps; {_MORE_SEEDS}"
        case [one, other]:
            return f"neither the {one} nor the {other} stands out, so fixing one hardly helps; {_MORE_SEEDS}"
    *first, last = varied
    return f"none of {', '.join(first)} and {last} stands out, so fixing one hardly helps; {_MORE_SEEDS}"


def _outstanding(sources: Sequence[SourceSpread]) -> list[SourceSpread]:
    return [each for each in sources if each.removed.value >= _WORTH and each.removed.low > 0]


def _images_outweigh(table: SpreadTable) -> bool:
    """Return whether, with the usual number of seeds, the images have more of a mean's variance than the seeds."""
    part = table.images
    return bool(part) and isfinite(table.std) and part is not None and part.lasting > table.std**2 / _SEEDS
