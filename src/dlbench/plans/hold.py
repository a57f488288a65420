"""Sources of randomness that every seed of a comparison shares: `--hold split` trains all on one split."""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

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


def held_in_words(sources: Iterable[str]) -> str:
    """Return what all seeds share: "on one split, from one initialization"; "" for nothing."""
    return ", ".join(_IN_WORDS[source] for source in sources)


def idle_reason(trial: Trial, source: str) -> str:
    """Return why nothing in a trial is drawn from a source, as far as its settings tell; "" where something may be."""
    settings = trial.settings
    if source == "split" and settings.train_size is None:
        word = settings.validation.partition(":")[0]
        return f"validation {settings.validation} is no random split" if word in _NOT_DRAWN else ""
    if source == "augmentation" and settings.augment == "none":
        return "nothing is augmented"
    if source == KERNELS and (settings.device == "cpu" or settings.deterministic):
        return "its kernels repeat to the last bit"
    return ""


def draws_from(trial: Trial, source: str) -> bool:
    """Return whether a trial draws from a source, as far as its settings and its model's parameters tell."""
    if source == "dropout":
        return any("drop" in name and bool(value) for name, value in trial.model.parameters.items())
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
