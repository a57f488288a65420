"""How the differences of a run are judged: fixed in its plan, before anything runs."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from dlbench.components.metric_table import METRICS, find_metric
from dlbench.components.metrics import Value
from dlbench.statistics.seeds import ALPHA, TESTS, Test, alpha_per_analysis, check_alpha, check_test
from dlbench.statistics.verdicts import Rules

At = Literal["selected", "last"] | int
#: How interim analyses share α: a little for all but the last, as Haybittle and Peto proposed; as O'Brien and Fleming's
#: boundaries do, in older plans; or evenly, as plans without it do.
Spending = Literal["haybittle-peto", "obrien-fleming", "even"]
#: The level of a look that spends nothing: there, only values without any difference are equivalent.
_UNREACHABLE = 1e-12
METRIC = "test_accuracy"
#: The criterion by which a margin is asked for in the unit of files, where "margin" is in the one shown to users.
MARGIN_IN_FILES = "margin_in_files"


def _shown(text: str, **more: Any) -> dict[str, Any]:
    """Return the metadata of a field that users set, on the command line and in the Python interface."""
    return {"help": text, "group": "Verdicts", **more}


@dataclass(frozen=True, kw_only=True)
class Criteria:
    """How differences are judged. Fields with metadata are options of the commands and keywords of dlbench.compare.

    metric: name of the metric.
    at: the epoch of metrics that each epoch has.
    margin: differences below it are negligible; in the metric's unit as files have it.
    alpha: error rate of the whole run, shared by its interim analyses.
    baseline: a variant's label.
    all_pairs: compare each variant with each, not with the baseline alone.
    test: paired by seed, or as independent samples; plans that name none are paired.
    alpha_study: whether alpha is that of all tables together, not of each; plans that do not say so have it for each.
    interim_analyses: the numbers of seeds after which a growing comparison is judged; () for one that does not grow.
    spending: how they share alpha. Where it is even, all variants grow until every verdict is decided; otherwise each
        variant grows until its own are.
    least_chance: of a verdict at the last analysis, with which a variant still grows; 0 for any.
    """

    metric: str = field(default=METRIC, metadata=_shown(f"What is judged. Default: {METRIC}.", metavar="NAME"))
    at: At = "selected"
    margin: float = field(
        default=METRICS[METRIC].margin,
        metadata=_shown(
            "A difference that does not matter, in points for accuracies. Default: 0.2 points.",
            metavar="NUMBER",
            minimum=0,
            percent=1,
        ),
    )
    alpha: float = field(
        default=ALPHA,
        metadata=_shown(f"Chance of any false verdict in a table. Default: {ALPHA}.", metavar="SHARE", percent=0.01),
    )
    baseline: str = field(
        default="", metadata=_shown("The variant to compare with. Default: the first.", metavar="LABEL")
    )
    all_pairs: bool = field(
        default=False,
        metadata=_shown("Judge each variant against each, with letters.", flags=("--all-pairs/--no-all-pairs",)),
    )
    test: Test = field(
        default="paired",
        metadata=_shown(
            "Whether values are paired by seed, or compared as those of independent seeds. Default: paired.",
            metavar="|".join(TESTS),
        ),
    )
    alpha_study: bool = field(
        default=False,
        metadata=_shown("One alpha for all tables of the command together.", flags=("--alpha-study/--no-alpha-study",)),
    )
    interim_analyses: tuple[int, ...] = ()
    spending: Spending = "even"
    least_chance: float = 0.0

    def __post_init__(self) -> None:
        check_test(self.test)

    def rules(self, declared: Iterable[Value] = (), seeds: int = 0) -> Rules:
        """Return the rules of an analysis. Raises DlbenchError for an invalid margin or alpha.

        declared: what diagnostics say about their values.
        seeds: the number of seeds that are judged, which tells the level of a growing comparison; 0 for the last.
        """
        return Rules.for_metric(
            find_metric(self.metric, declared), margin=self.margin, alpha=self.level(seeds), test=self.test
        )

    def level(self, seeds: int = 0, alpha: float | None = None) -> float:
        """Return the error rate of the analysis at so many seeds; 0 for the last.

        alpha: of all analyses together, else that of the criteria.
        """
        whole = self.alpha if alpha is None else alpha
        check_alpha(whole)
        looks = self.interim_analyses
        if not looks:
            return whole
        if self.spending == "even":
            return alpha_per_analysis(whole, len(looks))
        from dlbench.statistics.spending import early_levels, levels

        each = levels(looks, whole) if self.spending == "obrien-fleming" else early_levels(looks, whole, self.test)
        level = next((level for look, level in zip(looks, each, strict=True) if look >= seeds > 0), each[-1])
        return max(level, _UNREACHABLE)

    def to_json(self) -> dict[str, Any]:
        """Return the criteria as the manifest keeps them: interim analyses are "looks", what is usual is not named."""
        content = asdict(self)
        if content["test"] == TESTS[0]:
            del content["test"]
        if not content["alpha_study"]:
            del content["alpha_study"]
        if not content["least_chance"]:
            del content["least_chance"]
        looks, spending = content.pop("interim_analyses"), content.pop("spending")
        return content | {"looks": list(looks)} | ({} if spending == "even" else {"spending": spending})

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "Criteria":
        """Read criteria back; unknown keys of a newer dlbench are ignored."""
        given = dict(content)
        given["interim_analyses"] = tuple(given.pop("looks", ()))
        return cls(**{key: given[key] for key in cls.__dataclass_fields__ if key in given})
