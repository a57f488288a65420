"""Whether the variants of a file had equal chances: one learning rate or tuned apart, and with equal budgets."""

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from dlbench.analysis.spreadsheets import Sheet, is_of_search, read_sheet
from dlbench.components.spelling import OPTION_ALIASES, is_number, plain, resolve

#: Columns that say how many points a variant was tuned with.
_BUDGETS = ("budget", "tuning_budget", "tuning_trials", "search_trials", "hpo_trials", "n_trials", "num_trials")
_NAMED = 3


def unequal_chances(path: Path, variant: str) -> tuple[str, ...]:
    """Return how tuning budgets and learning rates differ between the variants of a file, a sentence each.

    Learning rates that the file's own search has chosen may differ.
    """
    sheet = read_sheet(path)
    if searched := _searched(sheet, variant):
        return tuple(_budgets(searched))
    wanted = {plain(name) for name in _BUDGETS}
    column = next((name for name in sheet.columns if plain(name) in wanted), "")
    return (*_budgets(_by_variant(sheet, variant, column)), *_rates(sheet, variant))


def _searched(sheet: Sheet, variant: str) -> Mapping[str, float]:
    """Return how many trials of a search each variant of dlbench's trials.csv has; {} where nothing was searched."""
    judged, found = Counter[str](), Counter[str]()
    for _, cells in sheet.rows:
        (found if is_of_search(cells) else judged)[cells.get(variant, "")] += 1
    return {name: found[name] for name in {**judged, **found} if name} if found else {}


def _budgets(found: Mapping[str, float]) -> Iterator[str]:
    if len({*found.values()}) > 1:
        yield f"tuning budgets differ ({_listed(found)}): a larger one finds better settings of equal variants too"


def _rates(sheet: Sheet, variant: str) -> Iterator[str]:
    column = next((name for name in sheet.columns if resolve(name, ["learning_rate"], OPTION_ALIASES)), "")
    found = _by_variant(sheet, variant, column)
    if len({*found.values()}) > 1:
        yield (
            f"learning rates differ ({_listed(found)}): the verdicts are about these settings, and fair only where all "
            "were tuned alike"
        )


def _by_variant(sheet: Sheet, variant: str, column: str) -> Mapping[str, float]:
    """Return the one number that each variant has in a column; {} where there is no such column or no such number."""
    if not column or variant not in sheet.columns:
        return {}
    found: dict[str, set[float]] = {}
    for _, cells in sheet.rows:
        name, text = cells.get(variant, ""), cells.get(column, "")
        if name and is_number(text):
            found.setdefault(name, set()).add(float(text))
    single = {name: next(iter(values)) for name, values in found.items() if len(values) == 1}
    return single if len(single) == len(found) else {}


def _listed(found: Mapping[str, float]) -> str:
    shown = [f"{name} {value:g}" for name, value in list(found.items())[:_NAMED]]
    return ", ".join(shown) + (", …" if len(found) > _NAMED else "")
