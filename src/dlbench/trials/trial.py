"""A trial: one combination of components and settings, with one seed."""

import marshal
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import Any, Literal, get_args

from dlbench.components.axes import AXES
from dlbench.components.choice import Selection
from dlbench.components.records import ParameterValue
from dlbench.components.shapes import ShapeError, UnknownFieldError, as_table, as_text, as_whole, as_wholes, check_known
from dlbench.trials.identity import digest, shallow_fields
from dlbench.trials.seed_streams import SOURCES, Stream, as_stream_seeds, stream_seed
from dlbench.trials.settings import Settings

#: What a trial is for: to be judged on the test set, or to choose settings by its validation metric alone.
Role = Literal["evaluation", "tuning"]


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One combination of components and settings, with one seed.

    model: the network.
    activation: a registered activation, or the names "own" (the network's) and "none" (it has none).
    dataset: the data set.
    scheduler: the learning-rate schedule.
    optimizer: the optimizer.
    settings: everything else that decides its numbers, with "auto" resolved before the trial gets its identity.
    seed: of all its streams of randomness; equal seeds make pairs.
    dataset_digest: identity of the images and labels, "" until the data set was prepared.
    input_shape: (C, H, W) of an image, None until the data set was prepared.
    num_classes: number of classes, None until the data set was prepared.
    others: components on axes introduced later, by axis; those at their axis' absent value are omitted.
    role: what it is for; one that is for tuning never reads the test set.
    stream_seeds: seeds of sources of randomness that do not follow the trial's seed, by name; {} where all follow it.
    """

    model: Selection
    activation: Selection
    dataset: Selection
    scheduler: Selection
    optimizer: Selection
    settings: Settings
    seed: int
    dataset_digest: str = ""
    input_shape: tuple[int, int, int] | None = None
    num_classes: int | None = None
    others: Mapping[str, Selection] = field(default_factory=dict)
    role: Role = "evaluation"
    stream_seeds: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.others:
            present = {axis: chosen for axis, chosen in self.others.items() if not AXES[axis].is_absent(chosen)}
            object.__setattr__(self, "others", present)

    @classmethod
    def of(cls, components: Mapping[str, Selection], **rest: Any) -> "Trial":
        """Return the trial of components by axis and of its other fields by name."""
        own: dict[str, Any] = {axis: components[axis] for axis in _OWN}
        others = {axis: chosen for axis, chosen in components.items() if axis not in own}
        return cls(**own, others=others, **rest)

    @property
    def components(self) -> dict[str, Selection]:
        """Return the component on every axis."""
        later = {axis.name: self.others.get(axis.name, Selection(str(axis.absent))) for axis in _LATER}
        return self._present | later

    @property
    def _present(self) -> dict[str, Selection]:
        """Return the components by axis, without those at their axis' absent value."""
        return {axis: getattr(self, axis) for axis in _OWN} | dict(self.others)

    @cached_property
    def variant_id(self) -> str:
        """Return the identity of the combination, whatever the seed."""
        components = {axis: selection.identity for axis, selection in self._present.items()}
        content = [components, self.settings.identity, self.dataset_digest, *self._special_role]
        return digest([*content, dict(self.stream_seeds)] if self.stream_seeds else content)

    @property
    def _special_role(self) -> tuple[str, ...]:
        """Return the role where it is not the usual one, which has no part in identities."""
        return () if self.role == "evaluation" else (self.role,)

    @cached_property
    def trial_id(self) -> str:
        """Return the identity of the trial: what decides its numbers, to the last bit."""
        return digest([self.variant_id, self.seed])

    def seed_of(self, stream: Stream) -> int:
        """Return the seed that a stream of randomness is derived from."""
        return stream_seed(self.seed, self.stream_seeds, stream)

    def row(self) -> dict[str, ParameterValue]:
        """Return the trial as columns of trials.csv."""
        columns: dict[str, ParameterValue] = {axis: selection.text for axis, selection in self.components.items()}
        columns |= self.settings.values | {"seed": self.seed, "dataset_digest": self.dataset_digest}
        held = " ".join(f"{source}={self.stream_seeds[source]}" for source in SOURCES if source in self.stream_seeds)
        return columns | ({"stream_seeds": held} if held else {})

    def to_json(self) -> dict[str, Any]:
        """Return the trial as JSON content."""
        components = {axis: shallow_fields(selection) for axis, selection in self._present.items()}
        content = shallow_fields(self) | components | {"settings": self.settings.values}
        del content["others"]  # written beside the other components
        if not self._special_role:
            del content["role"]
        if self.stream_seeds:
            content["stream_seeds"] = dict(self.stream_seeds)
        else:
            del content["stream_seeds"]
        return content

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "Trial":
        """Read a trial back from JSON content; an axis or a setting that it lacks was not there yet."""
        seed = as_whole(as_table(content, "trial").get("seed"), "seed")
        try:  # trials of one variant differ in their seeds alone, and a journal has many of them
            known = _without_seed(marshal.dumps({**content, "seed": 0}, _WITHOUT_REFERENCES))
        except ValueError:  # content that is not of JSON's types, or of no trial
            known = cls._parse({**content, "seed": 0})
        return known.with_seed(seed)

    def with_seed(self, seed: int) -> "Trial":
        """Return the same combination with another seed."""
        trial = replace(self, seed=seed)
        trial.__dict__["variant_id"] = self.variant_id  # which has no part of the seed, and takes time
        return trial

    @classmethod
    def _parse(cls, known: Mapping[str, Any]) -> "Trial":
        check_known(known, (*AXES, *_BESIDE_AXES))
        present = {axis: Selection.from_json(known.get(axis)) for axis in AXES if axis in _OWN or axis in known}
        shape, classes = known.get("input_shape"), known.get("num_classes")
        return cls.of(
            present,
            settings=Settings.from_json(known.get("settings")),
            seed=as_whole(known.get("seed"), "seed"),
            dataset_digest=as_text(known.get("dataset_digest", ""), "dataset_digest"),
            input_shape=_as_shape(shape) if shape else None,
            num_classes=None if classes is None else as_whole(classes, "num_classes", least=0),
            role=_as_role(known.get("role", "evaluation")),
            stream_seeds=as_stream_seeds(known.get("stream_seeds", {})),
        )


@lru_cache(maxsize=256)
def _without_seed(content: bytes) -> Trial:
    """Return the trial of marshaled JSON content."""
    return Trial._parse(marshal.loads(content))


def _as_shape(content: object) -> tuple[int, int, int]:
    sizes = as_wholes(content, "input_shape", least=1)
    if len(sizes) != 3:
        raise ShapeError("input_shape", "three whole numbers", content)
    return sizes[0], sizes[1], sizes[2]


def _as_role(content: object) -> Role:
    if content not in get_args(Role):
        raise UnknownFieldError([f"the role {content!r}"])
    return content  # type: ignore[return-value]  # checked above


#: The version of the format in which equal content has equal bytes.
_WITHOUT_REFERENCES = 2
_BESIDE_AXES = ("settings", "seed", "dataset_digest", "input_shape", "num_classes", "role", "stream_seeds")
#: The axes that are fields of a trial, and those introduced later.
_OWN = tuple(name for name in AXES if name in Trial.__dataclass_fields__)
_LATER = tuple(axis for name, axis in AXES.items() if name not in _OWN)
