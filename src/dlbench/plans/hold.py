"""Sources of randomness that every seed of a comparison shares: `--hold split` trains all on one split."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from types import MappingProxyType

from dlbench.components.records import ParameterValue
from dlbench.components.spelling import resolve
from dlbench.components.syntax import split_list
from dlbench.errors import DlbenchError, suggest
from dlbench.trials.seed_streams import SEEDED, SOURCES
from dlbench.trials.trial import Trial

KERNELS = "kernels"
#: What a plan's fixed settings call it.
HOLD = "hold"
#: The seed of every source that is held.
HELD_SEED = 0
#: Spellings of other dialects.
ALIASES: Mapping[str, str] = MappingProxyType(
    {"initialisation": "initialization", "init": "initialization", "data_order": "order", "shuffle": "order"}
)
#: More variants are counted in a note.
_NAMED = 3
_IN_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "split": "on one split",
        "initialization": "from one initialization",
        "order": "in one order of the images",
        "augmentation": "with one draw of the augmentation",
        "dropout": "with one draw of the dropout",
    }
)


def read_sources(texts: Iterable[str], option: str, known: Sequence[str] = SOURCES) -> tuple[str, ...]:
    """Return the sources of randomness in lists of names, each once, in their usual order.

    Raises DlbenchError for a name that is none of those known.
    """
    named = [name for text in texts for name in split_list(text)]
    found = {name: resolve(name, known, ALIASES) for name in named}
    for name, meant in found.items():
        if meant is None:
            raise DlbenchError(
                f"{option} takes no {name!r}.", suggest(name, known, f"It takes {', '.join(known)}, joined by commas.")
            )
    return tuple(source for source in SOURCES if source in found.values())


def read_held(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the sources that are held. Raises DlbenchError for what cannot be."""
    listed = list(texts)
    if any(name.strip().casefold() == KERNELS for text in listed for name in split_list(text)):
        raise DlbenchError(
            "Kernels take no seed, so --hold cannot hold them.", "Write --deterministic true for kernels that repeat."
        )
    return read_sources(listed, "--hold", SEEDED)


def holding(trial: Trial, sources: Iterable[str]) -> dict[str, int]:
    """Return the seeds by source of a trial for which sources are held."""
    return {**trial.stream_seeds, **dict.fromkeys(sources, HELD_SEED)}


def held_sources(fixed: Mapping[str, str]) -> tuple[str, ...]:
    """Return the sources that a plan holds. fixed: its fixed settings."""
    return tuple(filter(None, fixed.get(HOLD, "").split(",")))


def held_in_words(sources: Iterable[str], trials: Iterable[Trial] = ()) -> str:
    """Return what all seeds share: "on one split, from one initialization"; "" for nothing.

    trials: any that tell what is drawn from; sources that nothing is drawn from are left out.
    """
    kinds = tuple(trials)
    drawn = [source for source in sources if not kinds or not all(idle_reason(trial, source) for trial in kinds)]
    return ", ".join(_IN_WORDS[source] for source in drawn)


def held_idly(trials: Mapping[str, Trial], sources: Iterable[str]) -> tuple[str, ...]:
    """Return which of the sources that are held some variants do not draw from, a sentence each. trials: by label."""
    notes = []
    for source in sources:
        labels: dict[str, list[str]] = {}
        for label, trial in trials.items():
            if reason := idle_reason(trial, source):
                labels.setdefault(reason, []).append(label)
        notes += [f"--hold {source} changes nothing{_of(found, trials)}: {why}" for why, found in labels.items()]
    return tuple(notes)


def _of(labels: Sequence[str], of_all: Collection[str]) -> str:
    if len(labels) == len(of_all):
        return ""
    more = f" and {len(labels) - _NAMED} more" if len(labels) > _NAMED else ""
    return f" for {', '.join(labels[:_NAMED])}{more}"


def idle_reason(trial: Trial, source: str) -> str:
    """Return why nothing in a trial is drawn from a source, as far as its settings tell; "" where something may be."""
    settings = trial.settings
    if source == "split" and settings.train_size is None:
        word = settings.validation.partition(":")[0]
        return f"validation {settings.validation} is no random split" if word in _NOT_DRAWN else ""
    if source == "augmentation" and settings.augment == "none":
        return "nothing is augmented"
    if source == "dropout" and (rates := _dropout_rates(trial)) and not any(rates):
        return "the network's dropout is 0"
    if source == KERNELS and (settings.device == "cpu" or settings.deterministic):
        return "its kernels repeat to the last bit"
    return ""


def _dropout_rates(trial: Trial) -> list[ParameterValue]:
    """Return the model's parameters of its dropout; [] for a model whose dropout, if it has any, is no parameter."""
    return [value for name, value in trial.model.parameters.items() if "drop" in name]


def draws_from(trial: Trial, source: str) -> bool:
    """Return whether a trial draws from a source, as far as its settings and its model's parameters tell."""
    if source == "dropout":
        return any(_dropout_rates(trial))
    if source == KERNELS and trial.settings.device == "auto":  # which may be a CPU
        return False
    return not idle_reason(trial, source)


def check_held(trial: Trial, label: str, sources: Sequence[str]) -> None:
    """Raise DlbenchError where all that a variant draws from is held: every seed would be the same training again."""
    drawn = [source for source in SEEDED if draws_from(trial, source)]
    if sources and not set(drawn) - set(sources):
        raise DlbenchError(
            f"All that {label} draws from is held, so its seeds would be one training, over and over.",
            f"Hold fewer of {', '.join(drawn)}.",
        )


_NOT_DRAWN = ("test", "own", "first", "last")
