"""A reader finds things by the names of files: each names one concept, and files and functions stay small."""

import ast
from collections import defaultdict
from pathlib import Path

import pytest

import dlbench

SOURCE = Path(dlbench.__file__).parent
FILES = [path for path in sorted(SOURCE.rglob("*.py")) if path.name != "__init__.py"]

#: Names that several layers share since each has its part of one concept; no other name may recur.
CONCEPTS = {
    "across_datasets": "variants over several data sets: computed, shown",
    "activations": "activation functions: their factories, and what is checked about them",
    "app": "a group of commands",
    "augmentation": "changes of training images: described, applied",
    "axes": "the component axes: their table, a trial's choices, their options",
    "bench": "measuring speed: in a worker, as a session, as a command",
    "config": "dlbench.toml: read, and said to be in force",
    "agreement": "whether a comparison that was made twice says the same: decided, shown",
    "claims": "the claims of an experiment: judged, shown",
    "claims_on_images": "claims on other test images: asked, shown",
    "compare": "a comparison: as a function, as a command",
    "confirm": "a comparison on fresh seeds: planned as a session, as a command",
    "console": "where output is printed",
    "convergence": "how fast and how steadily a training gets there",
    "criteria": "by what a run is judged: fixed in its plan, asked for afterwards",
    "curves": "learning curves: as a figure, in the terminal",
    "datasets": "data sets: their factories, and what is checked about them",
    "diagnostics": "measurements beside a training: asked for, planned, taken, read",
    "discovery": "finding what is installed: plugins, experiments",
    "doctor": "examining machine, plugins and folders: as a session, as a command",
    "errors": "errors for people: the exceptions, and how the command line prints them",
    "experiments": "experiments on a screen: listed, answered",
    "explain": "which diagnostics differ: found, shown",
    "figures": "kinds of figures that a plugin brings: drawn, checked",
    "gate": "when a command fails on purpose: decided, asked for by options",
    "list": "a command that lists",
    "metrics": "metrics of trials: described, computed from records, listed",
    "models": "networks: their factories, and what is checked about them",
    "optimizers": "optimizers: their factories, and what is checked about them",
    "per_class": "precision, recall and F1 of each class: computed, shown",
    "plugin": "the module that an entry point names",
    "records": "the records of components: described, checked",
    "replay": "what a manifest holds, once more: planned as a session, as a command",
    "reported": "figures that a report gave: compared, shown",
    "request": "a comparison as asked for: by options, by keywords, by an experiment file",
    "run": "running an experiment or a comparison: as a session, as a function, as a command, on a screen",
    "speed": "cost of trials: computed, shown",
    "spelling": "names as people write them: of a component or a value, throughout a request, of an option",
    "split": "training, validation and test images: described, drawn",
    "spread": "where the spread comes from: planned, computed, shown, drawn, as a function, as a command",
    "summary": "a row per variant: computed, shown",
    "trial_record": "the record of a trial: as data, and made from what was trained",
    "tuning": "the search before a comparison: planned, scored, run, shown, drawn",
    "verdicts": "what differences amount to: decided, computed for a run, shown",
    "session": "where and how trials run: options of commands, keywords of functions",
    "work_unit": "what travels to a worker: as data, and run there",
}
LONGEST_FILE, LONGEST_FUNCTION, MOST_LOOSE_MODULES = 300, 45, 9


def places(files: list[Path]) -> dict[str, list[str]]:
    """The folders in which each name stands."""
    found = defaultdict(list)
    for path in files:
        found[path.stem].append(path.parent.relative_to(SOURCE).as_posix())
    return found


def stem(name: str) -> str:
    """A name without plural and "-ing", as far as they decide whether two names look alike."""
    for ending in ("ing", "es", "s", "e"):
        if name.endswith(ending) and len(name) > len(ending) + 2:
            return stem(name.removesuffix(ending))
    return name


def test_a_name_recurs_only_for_the_same_concept_on_another_layer() -> None:
    recurring = {name: folders for name, folders in places(FILES).items() if len(folders) > 1}
    assert recurring.keys() == CONCEPTS.keys(), "a name that recurs is listed with its concept; no other is"


def test_no_name_differs_from_another_only_by_a_plural_or_an_ing() -> None:
    alike = defaultdict(set)
    for name in places(FILES):
        alike[stem(name)].add(name)
    assert [names for names in alike.values() if len(names) > 1] == []


@pytest.mark.parametrize(
    ("one", "other"), [("seeds", "seeding"), ("file", "files"), ("cache", "caching"), ("fix", "fixes")]
)
def test_names_that_look_alike_are_seen_to(one: str, other: str) -> None:
    assert stem(one) == stem(other)


def test_few_modules_lie_loose_beside_the_folders() -> None:
    loose = [path.name for path in SOURCE.glob("*.py")]
    assert len(loose) <= MOST_LOOSE_MODULES, loose


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(SOURCE).as_posix())
def test_files_and_functions_are_short(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= LONGEST_FILE
    functions = (n for n in ast.walk(ast.parse(text)) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))
    long = [n.name for n in functions if (n.end_lineno or 0) - n.body[0].lineno >= LONGEST_FUNCTION]
    assert long == [], "without its signature, a function has at most 45 lines"
