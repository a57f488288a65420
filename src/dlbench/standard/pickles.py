"""Data that a publisher gives out as pickles: arrays, texts, numbers, and nothing that runs."""

import io
import pickle
import re
from pathlib import Path
from typing import Any, NoReturn

import numpy

#: Where the functions that pickles name lie: since NumPy 2, and before.
_CORE = "numpy._core" if hasattr(numpy, "_core") else "numpy.core"
#: All that a pickle of plain arrays names, as NumPy 1, NumPy 2 and Python 2 write it.
_ALLOWED = frozenset(
    {
        ("numpy", "ndarray"),
        ("numpy", "dtype"),
        ("numpy.core.multiarray", "_reconstruct"),
        ("numpy._core.multiarray", "_reconstruct"),
        ("numpy.core.numeric", "_frombuffer"),
        ("numpy._core.numeric", "_frombuffer"),
        ("_codecs", "encode"),
    }
)


class _Unpickler(pickle.Unpickler):
    """Refuses every name that a pickle of arrays does not need: what is not found cannot be called."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ALLOWED:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}, which no data needs")
        return super().find_class(re.sub(r"numpy\._?core", _CORE, module), name)

    def persistent_load(self, identity: Any) -> NoReturn:
        raise pickle.UnpicklingError("it refers to something outside itself")


def read_pickle(path: Path) -> dict[str, Any]:
    """Read a dictionary of arrays, texts and numbers; anything else is a ValueError, and nothing in it was run."""
    try:
        content = _Unpickler(io.BytesIO(path.read_bytes()), encoding="latin1").load()
    except MemoryError:
        raise
    except Exception as error:  # damaged pickles raise errors of many kinds
        raise ValueError(f"{path} cannot be read: {error}.") from error
    if not isinstance(content, dict):
        raise ValueError(f"{path} holds no dictionary.")
    return content
