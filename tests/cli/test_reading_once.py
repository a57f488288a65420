"""One command reads each line of the journal once, and judges a run once for what it shows."""

import sys

import pytest

from dlbench.analysis import verdicts
from dlbench.runs import journal_line

SMALL = ("--activation", "relu,tanh", "--seeds", "2", "--epochs", "1", "--model", "mlp:hidden=8", "--name", "run")


@pytest.fixture
def count(monkeypatch):
    """Count the calls of a function in every module that has imported it by name."""

    def count(function):
        calls = []

        def counted(*arguments, **options):
            calls.append(arguments)
            return function(*arguments, **options)

        for module in [each for name, each in sys.modules.items() if name.startswith("dlbench.")]:
            if getattr(module, function.__name__, None) is function:
                monkeypatch.setattr(module, function.__name__, counted)
        return calls

    return count


@pytest.mark.slow
def test_a_comparison_and_its_display_read_the_journal_once_and_judge_once(dlbench, count):
    assert dlbench("compare", *SMALL).returncode == 0  # imports whatever is imported only where it is needed
    lines, judged = count(journal_line.parse_line), count(verdicts.judge_run)
    done = dlbench("compare", *SMALL, "--force", "tanh")
    assert done.returncode == 0
    assert "relu" in done.stdout
    assert len(lines) == 4
    assert len(judged) == 1


def test_a_comparison_as_json_reads_the_journal_once_and_judges_once(dlbench, count):
    assert dlbench("compare", *SMALL, "--json").returncode == 0
    lines, judged = count(journal_line.parse_line), count(verdicts.judge_run)
    assert dlbench("compare", *SMALL, "--json").returncode == 0
    assert (len(lines), len(judged)) == (4, 1)


def test_showing_a_run_reads_its_journal_once_and_judges_it_once(dlbench, count):
    assert dlbench("compare", *SMALL).returncode == 0
    assert dlbench("results", "show", "run").returncode == 0
    lines, judged = count(journal_line.parse_line), count(verdicts.judge_run)
    assert dlbench("results", "show", "run", "--metric", "test_loss").returncode == 0
    assert (len(lines), len(judged)) == (4, 1)
