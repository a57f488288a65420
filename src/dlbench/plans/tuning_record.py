"""The search that precedes a comparison, as a record: what was tried, on which seeds, and what was chosen."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from dlbench.components.choice import as_parameter
from dlbench.components.records import ParameterValue
from dlbench.components.shapes import as_list, as_number, as_table, as_text, as_text_table, as_whole, as_wholes
from dlbench.components.syntax import format_value
from dlbench.errors import DlbenchError

Values = Mapping[str, ParameterValue]
_ONE_SEARCH = "Merge runs of one search. For more seeds of this one, repeat its command in its own folder."


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """One point of a search, for one variant.

    values: the settings and parameters that it tries, by name.
    variant_id: the identity of its tuning trials.
    """

    values: Values
    variant_id: str


@dataclass(frozen=True, kw_only=True)
class Search:
    """One search: the same points for every variant, on seeds that no evaluation uses.

    seeds: its tuning seeds.
    candidates: the points by label; the first is the variant as it was asked for.
    chosen: by label, the number of the candidate that was chosen; {} before the search has ended.
    """

    seeds: tuple[int, ...]
    candidates: Mapping[str, tuple[Candidate, ...]]
    chosen: Mapping[str, int] = field(default_factory=dict)

    def __iter__(self) -> Iterator[tuple[str, int, Candidate]]:
        """Yield label, number and candidate of every point; those of one number come together."""
        most = max(map(len, self.candidates.values()), default=0)
        for number in range(most):
            for label, candidates in self.candidates.items():
                if number < len(candidates):
                    yield label, number, candidates[number]


@dataclass(frozen=True, kw_only=True)
class TuningRecord:
    """How the variants of a comparison were tuned before they were compared.

    ranges: what was searched, by label and by name.
    budget: number of candidates of each variant and search, the variant as it was asked for among them.
    seconds: the training time that the searches may take together, None where the number is given.
    design: how the points were drawn.
    searches: one or, where the procedure itself is judged, one for each study.
    metric: validation metric that chooses.
    elsewhere: whether it ran in another folder, and its choices alone are used here.
    """

    ranges: Mapping[str, Mapping[str, str]]
    budget: int
    seconds: float | None = None
    design: str = "sobol"
    searches: tuple[Search, ...] = ()
    metric: str = "validation_accuracy"
    elsewhere: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of all that was searched, in the order of their first appearance."""
        return tuple(dict.fromkeys(name for ranges in self.ranges.values() for name in ranges))

    @property
    def judges_procedure(self) -> bool:
        """Return whether each seed has a search of its own, so that the procedure is judged, not what it found once."""
        return len(self.searches) > 1

    @property
    def is_chosen(self) -> bool:
        """Return whether every variant's settings are chosen."""
        return all(search.chosen for search in self.searches)

    @cached_property
    def trials(self) -> frozenset[tuple[str, int]]:
        """Return variant_id and seed of each tuning trial that runs here: points of few values may share theirs."""
        searches = () if self.elsewhere else self.searches
        points = ((search.seeds, candidate.variant_id) for search in searches for _, _, candidate in search)
        return frozenset((variant_id, seed) for seeds, variant_id in points for seed in seeds)

    @property
    def question(self) -> tuple[object, ...]:
        """Return what is searched, whatever it finds: two tunings of one question are one."""
        seeds = [search.seeds for search in self.searches]
        ranges = {label: dict(found) for label, found in self.ranges.items()}
        if self.seconds is not None:  # the search itself finds out how many points there are
            return (ranges, self.design, seeds, self.seconds)
        tried = [
            [(label, [candidate.variant_id for candidate in found]) for label, found in search.candidates.items()]
            for search in self.searches
        ]
        return (ranges, self.design, seeds, self.budget, tried)

    def values(self, label: str) -> tuple[Values, ...]:
        """Return what each search has chosen for a variant."""
        return tuple(search.candidates[label][search.chosen[label]].values for search in self.searches)

    def texts(self, label: str) -> dict[str, str]:
        """Return what the first search has chosen for a variant, as texts by name."""
        return {name: format_value(value) for name, value in self.values(label)[0].items()}

    def ended(self, chosen: tuple[Mapping[str, int], ...]) -> "TuningRecord":
        """Return the record with what each search has chosen."""
        pairs = zip(self.searches, chosen, strict=True)
        return replace(self, searches=tuple(replace(search, chosen=dict(found)) for search, found in pairs))

    def joined(self, other: "TuningRecord") -> "TuningRecord":
        """Return the record of two runs that were searched alike, with the variants of both.

        Raises DlbenchError where their searches differ, or what these have chosen.
        """
        self._check_alike(other)
        for label in self.ranges.keys() & other.ranges.keys() if self.is_chosen else ():
            if (there := self.values(label)) != (here := other.values(label)):
                one, two = next(pair for pair in zip(there, here, strict=True) if pair[0] != pair[1])
                raise DlbenchError(
                    f"{label} was tuned to {in_words(one)} there and to {in_words(two)} here.", _ONE_SEARCH
                )
        searches = (
            replace(one, candidates={**two.candidates, **one.candidates}, chosen={**two.chosen, **one.chosen})
            for one, two in zip(self.searches, other.searches, strict=True)
        )
        elsewhere = self.elsewhere and other.elsewhere
        ranges = {**other.ranges, **self.ranges}
        return replace(self, ranges=ranges, searches=tuple(searches), elsewhere=elsewhere)

    def _check_alike(self, other: "TuningRecord") -> None:
        """Raise DlbenchError for a search of another kind, or in another state."""
        if self.is_chosen != other.is_chosen:
            raise DlbenchError(
                f"The search {'here' if self.is_chosen else 'there'} has not ended.", "Run its command again first."
            )
        how = [
            {
                "points": each.budget,
                "training time": "any" if each.seconds is None else f"{each.seconds:g} s",
                "design": each.design,
                "metric": each.metric,
                "tuning seeds": ", ".join(str(seed) for search in each.searches for seed in search.seeds),
            }
            for each in (self, other)
        ]
        if found := [
            f"{name} {there} there and {how[1][name]} here" for name, there in how[0].items() if there != how[1][name]
        ]:
            raise DlbenchError(f"The variants were tuned by different searches: {'; '.join(found)}.", _ONE_SEARCH)

    def to_json(self) -> dict[str, Any]:
        """Return the record as the manifest keeps it."""
        return {
            "ranges": {label: dict(ranges) for label, ranges in self.ranges.items()},
            "budget": self.budget,
            "seconds": self.seconds,
            "design": self.design,
            "metric": self.metric,
            **({"elsewhere": True} if self.elsewhere else {}),
            "searches": [
                {
                    "seeds": list(search.seeds),
                    "candidates": {
                        label: [{"values": dict(c.values), "variant_id": c.variant_id} for c in found]
                        for label, found in search.candidates.items()
                    },
                    "chosen": dict(search.chosen),
                }
                for search in self.searches
            ],
        }

    @classmethod
    def from_json(cls, content: object) -> "TuningRecord":
        """Read a record back. Raises ShapeError for content that is none."""
        known = as_table(content, "tuning")
        seconds = known.get("seconds")
        return cls(
            ranges={
                label: as_text_table(ranges, f"ranges of {label}")
                for label, ranges in as_table(known.get("ranges"), "tuning.ranges").items()
            },
            budget=as_whole(known.get("budget"), "tuning.budget", least=1),
            seconds=None if seconds is None else as_number(seconds, "tuning.seconds"),
            design=as_text(known.get("design", "sobol"), "tuning.design"),
            metric=as_text(known.get("metric", "validation_accuracy"), "tuning.metric"),
            searches=tuple(map(_search, as_list(known.get("searches"), "tuning.searches"))),
            elsewhere=known.get("elsewhere") is True,
        )


def _search(content: object) -> Search:
    known = as_table(content, "a search")
    candidates = {
        label: tuple(map(_candidate, as_list(found, f"candidates of {label}")))
        for label, found in as_table(known.get("candidates"), "candidates").items()
    }
    chosen = {
        label: as_whole(number, f"choice of {label}", least=0)
        for label, number in as_table(known.get("chosen", {}), "chosen").items()
    }
    if any(number >= len(candidates.get(label, ())) for label, number in chosen.items()):
        raise ValueError("its plan's tuning chose a candidate that there is not")
    return Search(seeds=as_wholes(known.get("seeds"), "tuning seeds", least=0), candidates=candidates, chosen=chosen)


def _candidate(content: object) -> Candidate:
    known = as_table(content, "a candidate")
    values = as_table(known.get("values"), "values of a candidate")
    return Candidate(
        values={name: as_parameter(value, name) for name, value in values.items()},
        variant_id=as_text(known.get("variant_id"), "variant_id of a candidate"),
    )


def in_words(values: Values) -> str:
    """Return values as sentences have them: "learning rate 0.003, weight decay 0"."""
    return ", ".join(f"{name_in_words(name)} {format_value(value)}" for name, value in values.items())


def name_in_words(name: str) -> str:
    """Return the name of what is tuned as sentences have it: "weight decay" for "optimizer.weight_decay"."""
    return name.rpartition(".")[2].replace("_", " ")
