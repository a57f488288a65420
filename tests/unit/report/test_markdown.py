"""What the summary of experiments counts."""

from types import SimpleNamespace

import pytest
from rich.console import Console

from dlbench.analysis.claim_parts import Part
from dlbench.analysis.claims import ClaimAnswer
from dlbench.report.markdown import answers_view, markdown


def claim(*seeds):
    numbers = dict.fromkeys(("difference", "difference_low", "difference_high", "p", "p_adjusted"), 0.01)
    parts = tuple(Part(claimed="a > b", answer="supported", why="why", n=n, dropped=0, **numbers) for n in seeds)
    return ClaimAnswer(
        text="It is so.", relation="a > b", metric="test_loss", at="last", answer="supported", why="why", parts=parts
    )


def answered(*runs):
    """Return the answers of runs, each with its deviations, its planned seeds and its claims."""
    return SimpleNamespace(
        introduction="",
        reports={},
        missing=(),
        runs=[
            SimpleNamespace(
                folder="run", seeds=seeds, seconds=1, done=1, planned=9, notes=[], remarks="", machines=(), tuning=None,
                on_images=(),
                trained_on=SimpleNamespace(has_all_images=True, in_words="all images"),
                answers=SimpleNamespace(
                    deviations=deviations, claims=claims, notes=[], experiment=SimpleNamespace(report="", title="")
                ),
            )
            for deviations, seeds, claims in runs
        ],
    )  # fmt: skip


@pytest.mark.parametrize(("seeds", "count"), [((6,), 2), ((7, 6), 2), ((7, 5), 1), ((2,), 1), ((), 1)])
def test_a_claim_rests_on_the_seeds_that_it_has_not_on_those_that_are_planned(seeds, count):
    text = markdown(answered(("", 7, [claim(7)]), ("reduced: epochs 1 instead of 2", 10, [claim(*seeds)])))
    assert f"{count} of 2 rest on all images and 6 seeds or more" in text


def test_one_seed_is_one_seed():
    screen = Console(width=100)
    with screen.capture() as captured:
        screen.print(answers_view(answered(("", 1, [claim(1)]))))
    assert "run: 1 seed, all images" in " ".join(captured.get().split())
