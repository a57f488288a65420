"""One correction for all tables of a command."""

from collections.abc import Sequence
from dataclasses import replace

from dlbench.analysis.axis_effects import Effects
from dlbench.analysis.families import Family, Series, letters_of
from dlbench.analysis.race import Race
from dlbench.statistics.verdicts import Comparison, Look, Rules, judge

_DOES_NOT_GROW = Race()


def corrected_together(effects: Effects, rules: Rules, race: Race = _DOES_NOT_GROW) -> Effects:
    """Return effects whose p-values are corrected over all comparisons of all tables, and judged anew.

    race: what it decided stays as it was at its look.
    """
    from dlbench.statistics.comparisons import compare_pairs

    values: dict[str, Series] = {}
    pairs = []
    for number, family in enumerate(effects.all_families):
        values |= {f"{number} {name}": series for name, series in family.values.items()}
        pairs += [(f"{number} {c.variant}", f"{number} {c.baseline}") for c in family.comparisons]
    alone = [c for family in effects.all_families for c in family.comparisons]
    looks = {pair: Look(c.seeds, c.alpha) for pair, c in zip(pairs, alone, strict=True)}
    joint = iter(compare_pairs(values, pairs, rules, lambda *pair: looks[pair]))
    found = [(family, [next(joint) for _ in family.comparisons]) for family in effects.all_families]
    return effects.with_families([_judged_anew(family, own, len(pairs), rules, race) for family, own in found])


def _judged_anew(family: Family, joint: Sequence[Comparison], size: int, rules: Rules, race: Race) -> Family:
    own = rules.of_effects() if family.is_interaction else rules
    found = [
        replace(c, p_adjusted=each.p_adjusted, p_beyond=each.p_beyond, p_equivalent=each.p_equivalent)
        for c, each in zip(family.comparisons, joint, strict=True)
    ]
    judged = [replace(c, verdict=judge(c, replace(own, alpha=c.alpha))) for c in found]
    comparisons = race.settle(family.axis, family.labels, judged) if family.labels else tuple(judged)
    letters = letters_of(family.values, comparisons, rules) if family.letters else {}
    return replace(family, comparisons=comparisons, size=size, letters=letters)
