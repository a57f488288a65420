"""The component axes of a trial: one table that plans, options, columns, completion, scaffold and documentation read.

A new axis is an entry here and the code that builds with `trial.components["name"]`. Name what earlier trials did
without it as `absent`, so that they keep their identity.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from dlbench.components.choice import Selection
from dlbench.components.spelling import resolve


@dataclass(frozen=True, kw_only=True)
class Axis:
    """One component axis of a trial.

    name: of the axis, its column in trials.csv and, with "--", its option.
    kind: the registry's kind of its components.
    default: text of the component that is used if none is chosen; "" if the model decides.
    help: what the option chooses.
    meaning: what the column in trials.csv holds.
    words: names that it accepts beside registered components.
    unset: what the empty default means, in words.
    absent: the choice of all trials recorded before the axis existed, a word that it accepts; None if all records
        have the axis.
    """

    name: str
    kind: str
    default: str
    help: str
    meaning: str
    words: tuple[str, ...] = ()
    unset: str = "none"
    absent: str | None = None

    @property
    def option(self) -> str:
        """Return the command-line option, "--model"."""
        return "--" + self.name.replace("_", "-")

    def word(self, text: str) -> str:
        """Return the accepted word that a text is, "" where it is none, as a component's name."""
        return resolve(text, (*self.words, *([self.absent] if self.absent else [])), {}) or ""

    def is_absent(self, selection: Selection) -> bool:
        """Return whether a selection is what trials had before the axis existed."""
        return selection.name == self.absent


#: By name, in the order in which tables show them.
AXES: Mapping[str, Axis] = MappingProxyType(
    {
        axis.name: axis
        for axis in (
            Axis(
                name="model",
                kind="models",
                default="mlp",
                help="Networks.",
                meaning="The model, qualified, with the parameters that are not its defaults.",
            ),
            Axis(
                name="activation",
                kind="activations",
                default="",
                help="Activations; without it, the model's own.",
                meaning="The activation; `own` is the network's, `none` where it has none.",
                words=("own",),
                unset="the model's own",
            ),
            Axis(
                name="dataset",
                kind="datasets",
                default="digits",
                help="Data sets.",
                meaning="The data set.",
            ),
            Axis(
                name="scheduler",
                kind="schedulers",
                default="constant",
                help="Learning-rate schedules.",
                meaning="The learning-rate schedule.",
            ),
            Axis(
                name="optimizer",
                kind="optimizers",
                default="adam",
                help="Optimizers.",
                meaning="The optimizer.",
            ),
        )
    }
)
