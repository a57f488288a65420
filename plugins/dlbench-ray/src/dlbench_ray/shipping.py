"""Data sets on their way to the nodes: each put into Ray's object store once."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import ray

from dlbench import WorkUnit, pack_data


class Shipping:
    """References to small data sets. travels: whether nodes need them."""

    def __init__(self, data_dir: Path, *, travels: bool) -> None:
        self._data_dir, self._travels = data_dir, travels
        self._references: dict[str, Any] = {}

    def of(self, unit: WorkUnit) -> Mapping[str, Any]:
        """Return the references to a unit's data sets by digest, without those that are too large to travel."""
        if not self._travels:
            return {}
        digests = {trial.dataset_digest: trial for trial in unit.trials}
        for digest, trial in digests.items():
            if digest not in self._references:
                packed = pack_data(replace(unit, trials=(trial,)), self._data_dir)
                self._references[digest] = ray.put(packed) if packed else None
        return {digest: known for digest in digests if (known := self._references[digest]) is not None}
