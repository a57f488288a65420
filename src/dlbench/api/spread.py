"""`dlbench.spread`: where the spread of a result comes from, as `dlbench spread` shows it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_type_hints

from dlbench.api.arguments import checked
from dlbench.api.request import assignments, texts
from dlbench.api.results import Comparison
from dlbench.api.session import SessionKeywords, session_options, show_session
from dlbench.errors import DlbenchError
from dlbench.plans.config import load_config
from dlbench.plans.plan import Request
from dlbench.plans.spelling import canonical
from dlbench.plans.spread import BACKGROUNDS, LEVELS, OTHER_SEEDS, SUBJECTS, Spread
from dlbench.plugins.registry import Registry
from dlbench.sessions.run import run

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, kw_only=True, repr=False)
class SpreadResult(Comparison):
    """Where the spread of a result comes from: a Comparison whose frames have the trials that vary a source too.

    found: what the tables show, a sentence each, advice last.
    document: the tables as the command's --json has them.
    """

    found: tuple[str, ...] = ()
    document: Sequence[Mapping[str, Any]] = field(default_factory=tuple)

    @property
    def sources(self) -> "pd.DataFrame":
        """Return one row per source: what it keeps alone and what fixing it removes, with the ends of intervals."""
        import pandas as pd

        rows = [{"subject": table["subject"], **source} for table in self.document for source in table["sources"]]
        return pd.json_normalize(rows, sep="_")


@checked
def spread(
    *,
    streams: str | Sequence[str] = (),
    backgrounds: int = BACKGROUNDS,
    levels: int = LEVELS,
    of: str = SUBJECTS[0],
    metric: str | None = None,
    variants: Sequence[str | Mapping[str, Any]] = (),
    name: str = "",
    progress: bool = False,
    fresh: bool = False,
    force: str | Sequence[str] = (),
    reuse: bool = False,
    **keywords: Any,
) -> SpreadResult:
    """Show where the spread of a result comes from, as `dlbench spread` does.

    streams: the sources that are varied: "split,order", or a list of such; () for those that are drawn from.
    backgrounds, levels: at how many seeds of the others each takes how many of its own.
    of: "variant", or "difference" for that of two.
    The other keywords are components, settings and options, as in `compare`.
    Raises DlbenchError where the command exits with 2; failed trials do not raise.
    """
    from dlbench.analysis.spread_wording import told

    session = {key: keywords.pop(key) for key in get_type_hints(SessionKeywords) if key in keywords}
    session |= {"name": name, "fresh": fresh, "force": force, "reuse": reuse}
    options = session_options(session, "spread")
    asked = Spread(
        sources=(streams,) if isinstance(streams, str) else tuple(streams),
        backgrounds=backgrounds,
        levels=levels,
        of=of,
    )
    if asked_seeds := {"seeds", "seed"} & keywords.keys():
        raise DlbenchError(f"dlbench.spread() takes no {min(asked_seeds)}.", OTHER_SEEDS)
    registry = Registry.load()
    request = canonical(_request(asked, metric, variants, keywords, registry), registry)
    outcome = show_session(partial(run, request, options, registry, load_config(Path.cwd())), progress=progress)
    tables = outcome.run.judge(request.judging).spread
    return SpreadResult(
        outcome.folder,
        outcome.run.plan,
        outcome.run.all_planned,
        request.judging,
        found=told(tables),
        document=tuple(table.document() for table in tables),
    )


def _request(
    asked: Spread, metric: str | None, variants: Sequence[str | Mapping[str, Any]], axes: Any, registry: Registry
) -> Request:
    return Request(
        values={axis: texts(axis, value, registry) for axis, value in axes.items()},
        variants=[assignments(variant, registry) for variant in variants],
        judging={"metric": metric} if metric else {},
        spread=asked,
    )
