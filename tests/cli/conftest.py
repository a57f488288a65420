"""What tests of commands share: an experiment file of a user's own, a run folder, a call in this process."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dlbench.cli.main import main
from dlbench.runs.folder import RunFolder

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


@pytest.fixture
def keep_run(tmp_path: Path, make_record: Any, make_plan: Any, provenance: Any) -> Callable[[str], None]:
    """Make a run folder in tmp_path: two activations with three seeds each."""

    def keep(run_name: str) -> None:
        with RunFolder(tmp_path / run_name) as folder:
            folder.start(make_plan(), ["dlbench"], provenance)
            for name in ("relu", "tanh"):
                for seed in range(3):
                    folder.add(make_record(name, seed, accuracy=0.8 + seed / 100))

    return keep


@pytest.fixture
def call_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """Call the command line in this process, with tmp_path as the folder of runs; exit code, output and errors."""

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["dlbench", *arguments, "--results-dir", str(tmp_path)])
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        return int(ended.value.code or 0), printed.out, printed.err

    return run
