"""Which trials show where the spread comes from: one source of randomness at a time, in several backgrounds."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import isqrt
from typing import Any

from dlbench.components.shapes import as_table, as_texts, as_whole
from dlbench.errors import DlbenchError
from dlbench.plans.hold import KERNELS, draws_from, idle_reason, read_sources
from dlbench.trials.seed_streams import SEEDED, SOURCES
from dlbench.trials.trial import Trial

BACKGROUNDS, LEVELS = 6, 3
#: Values of a source: the time of the intervals grows with the third power of their number.
MOST_VALUES = 300
#: What to write instead of seeds.
OTHER_SEEDS = "Write --backgrounds N for the seeds at which each source is varied, --levels N for its own."
#: What a table is about: each variant, or the difference of two.
SUBJECTS = ("variant", "difference")


@dataclass(frozen=True, kw_only=True)
class Spread:
    """What is asked: from which sources the spread comes.

    sources: lists of their names; () for those that the variants draw from, as far as their settings tell.
    backgrounds: seeds at which each source varies while the others keep theirs.
    levels: seeds that it takes in each.
    of: "variant" for each of them, "difference" for that of two.
    """

    sources: Sequence[str] = ()
    backgrounds: int = BACKGROUNDS
    levels: int = LEVELS
    of: str = SUBJECTS[0]

    def check(self, variants: int) -> None:
        """Raise DlbenchError for a design that shows nothing. variants: how many there are."""
        if self.levels < 2:
            raise DlbenchError("--levels must be at least 2.", "One level varies nothing: write --levels 3.")
        if self.levels > isqrt(MOST_VALUES):
            raise DlbenchError(
                f"--levels is at most {isqrt(MOST_VALUES)}, and not {self.levels:,}.",
                "More backgrounds show more than more levels do: write --levels 3.",
            )
        if self.backgrounds < max(self.levels, 3):
            raise DlbenchError(
                f"--backgrounds must be at least {max(self.levels, 3)}.",
                f"In each, a source takes the seeds of others: write --backgrounds {max(self.levels, BACKGROUNDS)}.",
            )
        if self.backgrounds * self.levels > MOST_VALUES:
            raise DlbenchError(
                f"--backgrounds × --levels is at most {MOST_VALUES}, and not {self.backgrounds * self.levels:,}.",
                "So many show a share to within a few percent.",
            )
        if self.of not in SUBJECTS:
            raise DlbenchError(f"--of takes {' or '.join(SUBJECTS)}, not {self.of!r}.")
        if self.of == "difference" and variants != 2:
            raise DlbenchError(
                f"--of difference takes two variants, not {variants}.", "Write two, as in --activation relu,tanh."
            )


@dataclass(frozen=True, kw_only=True)
class SpreadDesign:
    """The trials that show where the spread comes from.

    sources: what varies, one at a time.
    backgrounds, levels, of: as in `Spread`.
    asked: the sources that the user named, () for none.
    """

    sources: tuple[str, ...]
    backgrounds: int
    levels: int
    of: str = SUBJECTS[0]
    asked: tuple[str, ...] = ()

    @classmethod
    def make(cls, spread: Spread, trials: Sequence[Trial]) -> "SpreadDesign":
        """Return the design of what is asked. trials: one of each variant. Raises DlbenchError for what cannot be."""
        asked = read_sources(spread.sources, "--streams")
        empty = cls(sources=(), backgrounds=spread.backgrounds, levels=spread.levels, of=spread.of, asked=asked)
        return empty.fitted(trials)

    def fitted(self, trials: Sequence[Trial]) -> "SpreadDesign":
        """Return the design for trials with what only the machine knows."""
        for source in self.asked:
            reasons = [idle_reason(trial, source) for trial in trials]
            if all(reasons):
                raise DlbenchError(f"--streams {source} would vary nothing: {reasons[0]}.", "Omit it.")
        found = self.asked or tuple(source for source in SOURCES if any(draws_from(trial, source) for trial in trials))
        if not found:
            raise DlbenchError("Nothing is random that could be varied.", "Name a source, as in --streams order.")
        return replace(self, sources=found)

    @property
    def seeded(self) -> tuple[str, ...]:
        """Return the sources that take a seed."""
        return tuple(source for source in self.sources if source in SEEDED)

    def cells(self) -> Iterator[tuple[int, Mapping[str, int]]]:
        """Yield the seed of each trial, and the sources with another seed than that.

        In each background, a source takes the seeds of the backgrounds after it. So the same trials share all but the
        source with some, and the source alone with others.
        """
        for background in range(self.backgrounds):
            yield background, {}
            for source in self.sources:
                for step in range(1, self.levels):
                    yield background, {source: step if source == KERNELS else (background + step) % self.backgrounds}

    def trials(self, variants: Iterable[Trial]) -> Iterator[Trial]:
        """Yield the trials that a comparison on the backgrounds lacks, those of a cell together."""
        templates = list(variants)
        for seed, seeds in self.cells():
            if seeds:
                yield from (replace(each, seed=seed, stream_seeds=seeds) for each in templates)

    @property
    def varied_count(self) -> int:
        """Return how many trials of a variant vary a source."""
        return self.backgrounds * len(self.sources) * (self.levels - 1)

    def varies(self, trial: Trial) -> bool:
        """Return whether a trial, of whatever variant, is one of those that vary a source."""
        return bool(trial.stream_seeds) and (trial.seed, trial.stream_seeds) in self.cells()

    def to_json(self) -> dict[str, Any]:
        """Return the design as the manifest keeps it."""
        return {
            "sources": list(self.sources),
            "backgrounds": self.backgrounds,
            "levels": self.levels,
            "of": self.of,
        }

    @classmethod
    def from_json(cls, content: object) -> "SpreadDesign":
        """Read a design back from JSON content."""
        known = as_table(content, "spread")
        sources = as_texts(known.get("sources"), "spread.sources")
        return cls(
            sources=sources,
            backgrounds=as_whole(known.get("backgrounds"), "spread.backgrounds", least=2),
            levels=as_whole(known.get("levels"), "spread.levels", least=2),
            of="difference" if known.get("of") == "difference" else SUBJECTS[0],
            asked=sources,
        )


def varied_label(label: str, seeds: Mapping[str, int]) -> str:
    """Return what a trial that varies a source is called: "mlp split=1". label: of its variant."""
    return " ".join([label, *(f"{source}={seed}" for source, seed in seeds.items())])
