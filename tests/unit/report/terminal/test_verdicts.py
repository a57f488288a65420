import io
import random
from dataclasses import replace

import pytest
from rich.cells import cell_len
from rich.console import Console

from dlbench.analysis.convergence import convergence, find_target
from dlbench.analysis.families import family
from dlbench.analysis.verdicts import judge_run
from dlbench.plans.criteria import Criteria
from dlbench.report.terminal.captions import alpha_in_words, said_once
from dlbench.report.terminal.convergence import convergence_table
from dlbench.report.terminal.verdicts import print_verdicts, verdict_tables
from dlbench.statistics.sentences import Lead

GAINS = {"relu": 0.0, "tanh": 0.03, "elu": -0.02, "gelu": 0.0}


@pytest.fixture
def records(make_record):
    def noise(name, seed):
        return random.Random(f"{name} {seed}").gauss(0, 0.004)

    return [
        make_record(name, seed, 0.9 + gain + noise(name, seed)) for name, gain in GAINS.items() for seed in range(8)
    ]


@pytest.fixture
def printed(records, make_plan):
    def printed(width=80, asked=None, **changes):
        screen = Console(file=io.StringIO(), width=width, **changes.pop("console", {}))
        found = changes.pop("records", records)
        plan = replace(make_plan(list(GAINS), range(8)), **changes)
        print_verdicts(screen, judge_run(found, plan, asked), "a-run")
        return screen.file.getvalue()

    return printed


def _row(text, label):
    return next(line for line in text.splitlines() if line.startswith(label))


def _table(text):
    """The lines of the table, without the sentences below it."""
    lines = text.splitlines()
    return lines[: next(n for n, line in enumerate(lines) if line.startswith(("±", "[ ]", "margin")))]


def test_a_row_has_mean_difference_p_and_verdict(printed, records, make_plan):
    text = printed()
    (tanh, *_) = judge_run(records, make_plan(list(GAINS), range(8))).families[0].comparisons
    shown = (
        f"8 {100 * tanh.mean:.2f} ± {100 * tanh.std:.2f} +{100 * tanh.difference:.2f} "
        f"[{100 * tanh.difference_low:.2f}, {100 * tanh.difference_high:.2f}] {tanh.p_adjusted:.3f} better"
    )
    assert " ".join(_row(text, "tanh").split()[1:]) == shown
    assert _row(text, "elu").split()[-1] == "worse"
    assert _row(text, "relu").split()[-1] == "baseline"
    assert "± standard deviation, [ ] 95 % interval; margin 0.2 points" in text


def test_the_sentences_below_can_be_quoted(printed):
    text = printed()
    assert "tanh is better than relu by " in text
    assert "n = 8 paired seeds, adjusted p = 0.0" in text
    assert "not shown that gelu and relu differ" in text or "gelu and relu are equivalent" in text


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_the_table_keeps_to_the_width_and_the_verdicts_stay(printed, width):
    lines = _table(printed(width))
    assert max(cell_len(line.rstrip()) for line in lines) <= width
    assert any(line.rstrip().endswith("better") and line.startswith("tanh") for line in lines)
    assert "…" not in "".join(lines)


def test_everything_fits_eighty_columns(printed):
    header = " ".join(" ".join(_table(printed(80))[1:4]).split())
    for word in ("n accuracy (%)", "(points)", "adjusted", "verdict"):
        assert word in header


def test_the_least_important_goes_first(printed):
    assert "adjusted" in printed(72).splitlines()[1]
    narrow = printed(58)
    assert "adjusted" not in narrow.splitlines()[1]
    assert "[" in _row(narrow, "tanh")
    assert "[" not in _row(printed(40), "tanh")


def test_verdicts_are_words_and_colours_and_plain_in_a_pipe(printed):
    assert "\x1b" not in printed()
    coloured = printed(console={"force_terminal": True, "color_system": "standard"})
    assert "\x1b[1;32mbetter" in coloured
    assert "\x1b[1;31mworse" in coloured


def test_no_color_leaves_the_words(printed, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    text = printed(console={"force_terminal": True})
    assert "better" in text
    assert "\x1b[1;32m" not in text


def test_one_seed_shows_values_and_claims_nothing(printed, make_record):
    text = printed(records=[make_record("relu", 0), make_record("tanh", 0, 0.95)])
    assert _row(text, "tanh").split()[1:] == ["1", "94.00", "+5.00", "–", "n", "=", "1:", "no", "claim"]
    assert "±" not in text
    assert "no claim on tanh against relu: n = 1 paired seed cannot reach p ≤ 0.05, 6 could" in text


def test_the_noise_floor_is_the_first_line(printed, records, make_record):
    more = [make_record("relu", 10_000 + seed, 0.9) for seed in range(8)]
    lines = printed(120, records=[*records, *more], noise_floor=tuple(range(10_000, 10_008))).splitlines()
    first = next(n for n, line in enumerate(lines) if line.startswith("──")) + 1
    assert lines[first].startswith("relu, other seeds 8 89.00")
    assert lines[first + 1].startswith("relu ")


def test_what_was_asked_later_is_marked(printed):
    text = printed(asked={"metric": "test_loss"})
    assert text.startswith("Asked after running: metric test_loss, fixed before running: test_accuracy")


def test_dropped_pairs_are_told(printed, records):
    assert "left out, as a seed has no value on one side: tanh 1" in " ".join(
        printed(120, records=[r for r in records if (r.trial.activation.short, r.trial.seed) != ("tanh", 3)]).split(
            "\n"
        )
    )


@pytest.fixture
def on_images(records, make_plan):
    """Print the verdicts with intervals on other images, all with these ends."""

    def on_images(low, high, width=100, plan=None):
        judged = judge_run(records, plan or make_plan(list(GAINS), range(8)))
        (family,) = judged.families
        known = tuple(replace(c, images=360, images_low=low, images_high=high) for c in family.comparisons)
        screen = Console(file=io.StringIO(), width=width)
        print_verdicts(screen, replace(judged, families=(replace(family, comparisons=known),)))
        return [line.rstrip() for line in screen.file.getvalue().splitlines()]

    return on_images


def test_what_holds_for_these_images_alone_is_marked_and_the_mark_explained(on_images):
    lines = on_images(-0.01, 0.05)
    assert any(line.startswith("tanh ") and line.endswith("better here") for line in lines)
    assert "difference: on these 360 test images, over other seeds" in lines
    assert "on other images: over other seeds and other test images" in lines
    assert "here: shown for these test images, not for others" in lines
    assert "margin 0.2 points = 0.7 images, less than one" in lines


def test_only_what_the_table_shows_is_explained(on_images):
    assert not any(line.startswith("here:") for line in on_images(0.01, 0.05))
    narrow = on_images(-0.01, 0.05, width=50)
    assert not any(line.startswith(("±", "[ ]", "on other images:")) for line in narrow)
    assert any(line.startswith("here: ") for line in narrow)


def test_the_heading_of_an_interaction_says_what_each_of_its_rows_is_compared_with(make_record, make_plan):
    leads = [Lead(name, "relu", "0.003", "0.001") for name in ("tanh", "elu")]
    found = family("activation × learning_rate", (), leads=leads)
    judged = judge_run([make_record()], make_plan(seeds=[0]))
    assert str(verdict_tables([found], judged, 80)[0].title) == (
        "Interaction activation × learning rate: each effect of activation against the same at learning rate 0.001"
    )


def test_what_holds_for_all_tables_is_said_below_the_first_one_alone():
    one, other = (
        "± standard deviation\nmargin 0.2\ncorrelation 0.1",
        "± standard deviation\nmargin 0.2\ncorrelation 0.7",
    )
    assert said_once([one, other]) == [
        "correlation 0.1\nthis table and those below:\n± standard deviation\nmargin 0.2",
        "correlation 0.7",
    ]
    assert said_once([one]) == [one]
    assert said_once(["on 360 images", "on 500 images"]) == ["on 360 images", "on 500 images"]
    assert said_once([]) == []


def test_a_grid_explains_its_tables_once(make_study):
    records, plan = make_study(["one"], lambda name, dataset, seed: 0.5 + 0.1 * len(name) + seed / 100, sizes=(32, 64))
    plan = replace(plan, axes={axis: values for axis, values in plan.axes.items() if axis != "dataset"})
    screen = Console(file=io.StringIO(), width=80)
    print_verdicts(screen, judged := judge_run(records, plan))
    text = screen.file.getvalue()
    assert judged.table_count == 3
    assert text.count("± standard deviation") == 1
    assert text.count("the verdicts on each combination are in comparison.csv") == 1
    assert text.index("this table and those below:") < text.index("± standard deviation")


def test_all_pairs_have_letters(printed):
    text = printed(100, asked={"all_pairs": True})
    assert _row(text, "tanh").split()[-2:] == ["a", "better"]
    assert "elu is worse than tanh" in text


def test_of_many_comparisons_only_those_that_show_something_are_quoted(make_record, make_plan):
    names = ["relu", "best", *(f"v{number}" for number in range(14))]
    records = [
        make_record(name, seed, 0.8 + 0.1 * (name == "best") + random.Random(f"{name} {seed}").gauss(0, 0.01))
        for name in names
        for seed in range(10)
    ]
    screen = Console(file=io.StringIO(), width=80)
    print_verdicts(screen, judge_run(records, make_plan(names, range(10))))
    text = screen.file.getvalue()
    assert "best is better than relu" in text
    assert "not shown that" not in text
    assert "14 others" in text


def test_convergence_tells_hits_and_infinite_medians(make_record, make_plan):
    records = [make_record(name, seed, x) for name, x in (("relu", 0.9), ("tanh", 0.5)) for seed in range(3)]
    plan = make_plan()
    plan = replace(plan, target=find_target(records, plan))
    screen = Console(file=io.StringIO(), width=80)
    screen.print(convergence_table(convergence(records, plan), 80))
    text = screen.file.getvalue()
    assert "validation accuracy of 90.00 %" in text
    assert _row(text, "relu").split()[1:4] == ["3/3", "3", "0.75"]
    assert _row(text, "tanh").split()[1:4] == ["0/3", "∞", "∞"]
    assert max(cell_len(line) for line in text.splitlines()) <= 80


def test_what_cannot_be_judged_at_all_is_a_sentence_without_a_table(make_record, make_plan):
    records = [make_record(seed=seed) for seed in range(3)]
    records += [make_record("tanh", seed=seed, settings={"loss": "mse"}) for seed in range(3)]
    plan = make_plan()
    other = replace(plan.variants[1], variant_id=records[-1].trial.variant_id)
    plan = replace(plan, variants=(plan.variants[0], other), judging=replace(plan.criteria, metric="train_loss"))
    screen = Console(file=io.StringIO(), width=80)
    print_verdicts(screen, judge_run(records, plan), "a-run")
    assert screen.file.getvalue() == (
        "a-run\nNo verdict on train_loss: it is not one loss for all variants, but cross-entropy, mse.\n"
    )


def test_an_error_rate_is_that_of_all_looks_and_has_three_digits():
    assert alpha_in_words(Criteria(alpha=0.0120968), 1) == "α = 0.0121"
    assert alpha_in_words(Criteria(alpha=0.0120968), 3) == "α = 0.0121 for each of 3 tables"
    for spending in ("even", "haybittle-peto"):
        looks = Criteria(interim_analyses=(6, 9, 12), spending=spending)
        assert alpha_in_words(looks, 1) == "α = 0.05 over the looks at 6, 9, 12 seeds"
        together = replace(looks, alpha_study=True)
        assert alpha_in_words(together, 2) == "α = 0.05 for all tables together over the looks at 6, 9, 12 seeds"


def test_the_lines_below_a_table_tell_the_error_rate_of_all_looks(make_record, make_plan):
    plan = make_plan(("relu", "tanh"), range(6))
    plan = replace(plan, judging=Criteria(baseline="relu", interim_analyses=(6, 9), spending="haybittle-peto"))
    records = [make_record(name, seed, 0.8 + 0.01 * seed) for name in ("relu", "tanh") for seed in range(6)]
    screen = Console(file=io.StringIO(), width=200)
    print_verdicts(screen, judge_run(records, plan), "a-run")
    assert "α = 0.05 over the looks at 6, 9 seeds" in " ".join(screen.file.getvalue().split())
