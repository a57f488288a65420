"""The size of a run: on how many images its trials train and are tested, and for how many epochs."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from dlbench.trials.trial import Trial

#: Numbers of images; None stands for all of a data set.
Images = frozenset[int | None]

_ALL: Images = frozenset({None})


@dataclass(frozen=True)
class RunSize:
    """The sizes that the trials of a run have.

    trained, tested: numbers of images for training and validation, and of test images.
    epochs: planned numbers of epochs.
    """

    trained: Images = frozenset()
    tested: Images = frozenset()
    epochs: frozenset[int] = frozenset()

    @classmethod
    def of(cls, trials: Iterable[Trial]) -> "RunSize":
        """Return the sizes of trials."""
        settings = [trial.settings for trial in trials]
        return cls(
            frozenset(each.train_size for each in settings),
            frozenset(each.test_size for each in settings),
            frozenset(each.epochs for each in settings),
        )

    @property
    def has_all_images(self) -> bool:
        """Return whether every trial trains on all images and is tested on all."""
        return self.trained == self.tested == _ALL

    @property
    def in_words(self) -> str:
        """Return the sizes: "all images, 10 epochs", "2,000 images, tested on 500, 1 epoch"; "" without trials."""
        if not self.epochs:
            return ""
        tested = "" if self.tested == _ALL else f"tested on {_counts(self.tested)}"
        epochs = f"{_range(self.epochs)} epoch{'s' * (max(self.epochs) != 1)}"
        return ", ".join(filter(None, (_counts(self.trained, " images"), tested, epochs)))


def _counts(images: Images, unit: str = "") -> str:
    counted = [count for count in images if count is not None]
    parts = ([_range(counted) + unit] if counted else []) + (["all" + unit] if None in images else [])
    return " or ".join(parts)


def _range(numbers: Collection[int]) -> str:
    least, most = min(numbers), max(numbers)
    return f"{least:,}" if least == most else f"{least:,} to {most:,}"
