"""How many seeds a comparison needs before it can say anything, without numpy: planning asks too."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count

from dlbench.errors import DlbenchError

MINIMUM_SEEDS = 6
#: With it those that a noise floor adds still are integers that torch and parquet hold.
LARGEST_SEED = 2**62
ALPHA = 0.05
_AUTO = re.compile(r"auto(?::(\d+)\.\.(\d+))?")
_OFFSET = 10_000


@dataclass(frozen=True)
class AutoSeeds:
    """Seeds are added until every verdict is decided: at least `first`, at most `last` of them."""

    first: int = 7
    last: int = 30

    @classmethod
    def parse(cls, text: str) -> "AutoSeeds":
        """Read "auto" or "auto:7..30"."""
        match = _AUTO.fullmatch(text)
        if match is None:
            raise DlbenchError(f"--seeds {text} is not understood.", "Write it as auto:7..30, from 7 to 30 seeds.")
        made = cls(*map(int, match.groups())) if match[1] else cls()
        if not 1 <= made.first <= made.last:
            raise DlbenchError(f"--seeds {text} is no range.", "Write the smaller number first, as in auto:7..30.")
        return made

    def looks(self, comparisons: int, alpha: float) -> tuple[int, ...]:
        """Return the numbers of seeds at which to look."""
        return look_schedule(self.first, self.last, comparisons, alpha)


def comparisons_among(variants: int, *, all_pairs: bool = False) -> int:
    """Return how many comparisons so many variants make: each with the baseline, or all pairs; at least one."""
    return max(1, variants * (variants - 1) // 2 if all_pairs else variants - 1)


def other_seeds(seeds: Sequence[int]) -> tuple[int, ...]:
    """Return as many seeds that are none of these: each moved by the first multiple of 10,000 that does."""
    step = next(step for step in count(_OFFSET, _OFFSET) if not {seed + step for seed in seeds} & {*seeds})
    return tuple(seed + step for seed in seeds)


def smallest_p(pairs: int) -> float:
    """Return the smallest p the exact two-sided sign-flip test can reach with so many pairs: 2 / 2ⁿ."""
    return min(1.0, 2.0 ** (1 - pairs))


def reaches(pairs: int, comparisons: int, alpha: float = 0.05) -> bool:
    """Tell whether so many pairs could be significant at all in Holm's first step: 2 / 2ⁿ ≤ α / m."""
    return smallest_p(pairs) <= alpha / max(1, comparisons)


def seeds_needed(comparisons: int, alpha: float = 0.05) -> int:
    """Return the smallest number of seeds, at least 6, with which that many comparisons could be significant."""
    check_alpha(alpha)
    return next(pairs for pairs in count(MINIMUM_SEEDS) if reaches(pairs, comparisons, alpha))


def check_alpha(alpha: float) -> None:
    """Raise DlbenchError unless α lies between 0 and 1."""
    if not 0 < alpha < 1:
        raise DlbenchError(f"alpha = {alpha:g} is no error rate.", "Give a number between 0 and 1, such as 0.05.")


def alpha_per_look(alpha: float, looks: int) -> float:
    """Return the α of each of K looks at growing data: α / K keeps the chance of a false verdict below α."""
    return alpha / looks


def look_schedule(first: int, last: int, comparisons: int, alpha: float = 0.05, looks: int = 4) -> tuple[int, ...]:
    """Return the numbers of seeds at which to look, evenly spaced from `first` to `last`, at most `looks` of them.

    The first look waits until it could find something at α / looks; the others would otherwise pay for it.
    """
    start = min(last, max(first, seeds_needed(comparisons, alpha_per_look(alpha, looks))))
    steps = max(1, looks - 1)
    return tuple(sorted({round(last - (last - start) * step / steps) for step in range(looks)}))
