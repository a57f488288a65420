"""An experiment file of a user's own."""

from collections.abc import Callable
from pathlib import Path

import pytest

_CLAIM = """
[[claims]]
text = "{text}"
metric = "train_loss"
at = 1
relation = "{relation}"
"""
_FILE = """
schema = 1
title = "Two activations"
seeds = 6

[settings]
epochs = 1
train_size = 200

[criteria]
metric = "train_loss"

[axes]
activation = ["relu", "sigmoid"]
"""


@pytest.fixture
def write_experiment(tmp_path: Path) -> Callable[..., None]:
    """Write mine.toml: two activations with claims, each a sentence and its relation."""

    def write(**claims: str) -> None:
        rows = (_CLAIM.format(text=f"{text} learns faster.", relation=relation) for text, relation in claims.items())
        (tmp_path / "mine.toml").write_text(_FILE + "".join(rows), encoding="utf-8")

    return write
