"""Which test images a trial classified correctly: one bit per image, as its record stores them."""

import zlib
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from dlbench.components.shapes import as_table, as_text, as_whole, check_known

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class ImageOutcomes:
    """Which test images the selected weights classified correctly.

    images: digest of the images and their order; two records can be compared image by image only if it is equal.
    count: number of images.
    correct: one bit per image, packed and base64-encoded; the first image is the highest bit of the first byte.
    groups: of a data set that names groups of its images, the number of correct ones in each, as little-endian uint32,
        zlib-compressed and base64-encoded; "" where each image is its own group.
    """

    images: str
    count: int
    correct: str
    groups: str = ""

    @classmethod
    def of(
        cls,
        correct: "NDArray[np.bool_]",
        indices: "NDArray[np.int64]",
        dataset_digest: str,
        groups: "NDArray[np.int64] | None" = None,
    ) -> "ImageOutcomes":
        """Encode one truth value per image.

        correct: whether each image was classified correctly. indices: position of each image in the test set, in the
        same order. dataset_digest: digest of the data set that the positions refer to.
        groups: the group of each image of the whole test set.
        """
        import numpy as np

        if correct.shape != indices.shape:
            raise ValueError(f"{len(correct)} outcomes for {len(indices)} images")
        packed = np.packbits(correct.astype(np.bool_))
        return cls(
            images=images_digest(dataset_digest, indices),
            count=len(correct),
            correct=b64encode(packed.tobytes()).decode("ascii"),
            groups="" if groups is None else _encode(_count_by_group(correct, groups[indices])),
        )

    def bits(self) -> "NDArray[np.bool_]":
        """Return whether each image was classified correctly, shape (count,).

        Raises ValueError if `correct` is damaged: not base64, or not exactly one bit per image.
        """
        import numpy as np

        packed = np.frombuffer(b64decode(self.correct, validate=True), np.uint8)
        bits = np.unpackbits(packed)
        if len(packed) != -(-self.count // 8) or bits[self.count :].any():
            raise ValueError(f"{len(packed)} bytes do not hold one bit for each of {self.count} images")
        return bits[: self.count].astype(np.bool_)

    @property
    def number_of_groups(self) -> int:
        """Return the number of groups of images; 0 where each image is its own."""
        return len(self.by_group()) if self.groups else 0

    def by_group(self) -> "NDArray[np.bool_] | NDArray[np.int64]":
        """Return how many images of each group are correct, in one order for all records; without groups, the bits.

        Raises ValueError if they are damaged.
        """
        import numpy as np

        if not self.groups:
            return self.bits()
        try:
            return np.frombuffer(zlib.decompress(b64decode(self.groups, validate=True)), "<u4").astype(np.int64)
        except zlib.error as error:
            raise ValueError(f"damaged groups: {error}") from None

    def to_json(self) -> dict[str, Any]:
        """Return the outcomes as JSON content."""
        content = asdict(self)
        if not self.groups:
            del content["groups"]
        return content

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "ImageOutcomes":
        """Read outcomes back from JSON content. The bits are not decoded: `bits` reports damage to them."""
        known = as_table(content, "outcomes")
        check_known(known, cls.__dataclass_fields__)
        return cls(
            images=as_text(known.get("images"), "outcomes.images"),
            count=as_whole(known.get("count"), "outcomes.count", least=0),
            correct=as_text(known.get("correct"), "outcomes.correct"),
            groups=as_text(known.get("groups", ""), "outcomes.groups"),
        )


def _count_by_group(correct: "NDArray[np.bool_]", groups: "NDArray[np.int64]") -> "NDArray[np.int64]":
    import numpy as np

    _, places = np.unique(groups, return_inverse=True)
    return np.bincount(places, weights=correct).astype(np.int64)


def _encode(counts: "NDArray[np.int64]") -> str:
    return b64encode(zlib.compress(counts.astype("<u4").tobytes(), 9)).decode("ascii")


def images_digest(dataset_digest: str, indices: "NDArray[np.int64]") -> str:
    """Return a digest of exactly these test images in this order: 16 hexadecimal digits.

    indices: positions in the test set of the data set with the given digest.
    """
    return sha256(f"{dataset_digest}\n".encode() + indices.astype("<i8").tobytes()).hexdigest()[:16]
