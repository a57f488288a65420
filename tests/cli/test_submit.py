"""What `dlbench submit` itself does, whatever batch systems there are."""

import os
import signal
import threading

import pytest

from dlbench.cli.commands.submit import _SHARED, Submitters, check_command
from dlbench.cli.lazy import Lazy
from dlbench.cli.run_session import _InterruptsStop
from dlbench.errors import DlbenchError


def test_what_no_plugin_submits_to_is_named_with_what_there_is(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DLBENCH_PLUGINS", "standard")
    group = Submitters(name="submit")
    with pytest.raises(DlbenchError, match="Nothing submits to 'slurm'") as caught:
        group.resolve_command(None, ["slurm", "--", "compare"])
    assert "dlbench-slurm" in str(caught.value.hint)


EXPERIMENT = """schema = 1
title = "Mine"

[axes]
activation = ["./mine.py:Mine", "relu"]
"""


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """Return a file with an activation of one's own, in the current folder, beside an experiment that names it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.toml").write_text(EXPERIMENT)
    (tmp_path / "mine.py").write_text("from torch.nn import ReLU\n\n\nclass Mine(ReLU):\n    pass\n")
    return tmp_path / "mine.py"


@pytest.mark.parametrize(
    "words",
    [
        ["compare", "--activation", "relu"],
        ["compare", "--act", "relu", "--lr=0.1", "--Batch_Size", "32", "--workers", "2"],
        ["run", "mine.toml", "--seeds", "3"],
    ],
)
def test_a_command_that_tasks_can_share_is_taken(words, mine):
    check_command(words)


@pytest.mark.parametrize("words", [["compare", "--activation", "./mine.py:Mine,relu"], ["run", "mine.toml"]])
def test_no_task_runs_own_code_that_was_edited_after_its_submission(words, mine, monkeypatch):
    option, code = check_command(words)
    assert option == "--only-code"
    command = _SHARED[words[0]].load(words[0])
    words = [*words[1:], "--dataset", "image-folder:path=nowhere", option, code]
    with pytest.raises(DlbenchError, match="nowhere"):
        command.invoke(command.make_context("dlbench", list(words)))
    mine.write_text(mine.read_text() + "    inplace = False\n")
    with pytest.raises(DlbenchError, match="was edited after the command was submitted"):
        command.invoke(command.make_context("dlbench", list(words)))


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["compare", "--activaton", "relu"], "[Nn]o.* option:? --activaton"),
        (["compare", "--activation", "relo"], "no activation 'relo'"),
        (["compare", "--fresh"], "cannot each have --fresh"),
        (["run", "lenet", "--dry-run"], "cannot each have --dry-run"),
        (["compare", "--activation", "relu,tanh", "--force", "relu"], "cannot each have --force"),
        (["data", "list"], "'data' is none of the commands"),
        ([], "no command that tasks can share"),
    ],
)
def test_one_that_they_cannot_share_is_not(words, expected):
    with pytest.raises(Exception, match=expected):
        check_command(words)


@pytest.fixture
def submitters(monkeypatch):
    """Return the group of a plugin whose module is not there."""
    monkeypatch.setattr(Submitters, "lazy", {"pbs": Lazy("dlbench_pbs.submit:submit", "Jobs of PBS.")})
    return Submitters(name="submit")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["pbs", "compare", "--activation", "relu"], "no -- ahead of the command"),
        (["pbs"], "no command that tasks can share"),
        (["pbs", "--", "compare"], "dlbench_pbs.submit:submit cannot be had: No module named 'dlbench_pbs'"),
        (["pbs", "--help"], "cannot be had"),
        (["pb", "--", "compare"], "Nothing submits to 'pb'"),
    ],
)
def test_what_is_wrong_is_said_before_the_plugin_is_asked(submitters, words, expected):
    with pytest.raises(DlbenchError, match=expected):
        submitters.resolve_command(None, words)


def test_sigterm_that_a_script_hands_on_counts_once_and_a_later_one_ends_the_command():
    stop, notes = threading.Event(), []
    with _InterruptsStop(stop, notes.append):
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGTERM)
        assert stop.is_set()
        assert len(notes) == 1
        handler = signal.getsignal(signal.SIGTERM)
        handler.__self__.terminated -= 2.0
        with pytest.raises(KeyboardInterrupt):
            handler(signal.SIGTERM, None)
