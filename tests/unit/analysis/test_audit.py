import random

import pytest

from dlbench.analysis.audit import audit_file
from dlbench.analysis.verdicts import judge_run
from dlbench.errors import DlbenchError


@pytest.fixture
def write(tmp_path):
    def write(*lines, header="method,run,accuracy"):
        path = tmp_path / "theirs.csv"
        path.write_text("\n".join([header, *lines]) + "\n")
        return path

    return write


def _audit(path, metric="accuracy", **asked):
    lower = asked.pop("lower_is_better", None)
    return audit_file(path, "method", "run", {"metric": metric, **asked}, lower_is_better=lower)


def _lines(seeds=8, scale=1.0):
    noise = random.Random(7)
    gains = {"ours": 0.03, "base": 0.0}
    return [
        f"{name},{seed},{scale * (0.9 + gain + noise.gauss(0, 0.003))!r}"
        for name, gain in gains.items()
        for seed in range(seeds)
    ]


def test_a_file_gets_the_verdicts_that_a_run_gets(write, make_record, make_plan):
    records = [
        make_record(name, seed, 0.9 + seed / 1000 + 0.01 * (name == "tanh") * seed)
        for name in ("relu", "tanh")
        for seed in range(8)
    ]
    lines = [f"{r.trial.activation.short},{r.trial.seed},{r.metrics['test_accuracy']!r}" for r in records]
    theirs = audit_file(write(*lines, header="method,run,test_accuracy"), "method", "run", {"metric": "test_accuracy"})
    ours = judge_run(records, make_plan(seeds=range(8)))
    assert theirs.judged.families[0].comparisons == ours.families[0].comparisons
    assert theirs.warnings == ()


def test_the_order_of_lines_never_changes_a_verdict(write):
    lines = _lines()
    expected = _audit(write(*lines)).judged.families
    for attempt in range(5):
        random.Random(attempt).shuffle(lines)
        assert _audit(write(*lines)).judged.families == expected


def test_percentages_are_judged_like_fractions_with_a_warning(write):
    fractions, percentages = _audit(write(*_lines())), _audit(write(*_lines(scale=100)))
    (first,), (second,) = (found.judged.families[0].comparisons for found in (fractions, percentages))
    assert (first.variant, first.verdict, second.verdict) == ("ours", "better", "better")
    assert second.difference == pytest.approx(first.difference)
    assert percentages.warnings == ("accuracy has values above 1 and is read as percentages",)


def test_less_is_better_where_the_name_or_the_caller_says_so(write):
    by_name = write(*_lines(), header="method,run,val_loss")
    assert _audit(by_name, "val_loss").judged.families[0].comparisons[0].verdict == "worse"
    path = write(*_lines(), header="method,run,error")
    assert _audit(path, "error", lower_is_better=False).judged.families[0].comparisons[0].verdict == "better"
    assert _audit(path, "error", lower_is_better=True).judged.families[0].comparisons[0].verdict == "worse"


@pytest.mark.parametrize("name", ["val_rmse", "ppl", "bleu", "my_score", "error", "wer", "best_epoch", "accuracy_loss"])
def test_a_name_that_does_not_say_which_side_is_better_is_refused_without_a_flag(write, name):
    path = write(*_lines(), header=f"method,run,{name}")
    with pytest.raises(DlbenchError, match=f"The name {name} does not say whether more or less is better.") as caught:
        _audit(path, name)
    assert caught.value.hint == "Add --higher-is-better or --lower-is-better."
    assert _audit(path, name, lower_is_better=True).judged.families[0].comparisons[0].verdict == "worse"


@pytest.mark.parametrize(
    ("name", "lower", "said"),
    [
        ("top5_error", None, "lower top5 error is better, by its name"),
        ("val_acc", None, "higher val acc is better, by its name"),
        ("val_acc", True, "lower val acc is better, as asked"),
        ("my_score", False, "higher my score is better, as asked"),
    ],
)
def test_the_direction_is_always_said(write, name, lower, said):
    path = write(*_lines(), header=f"method,run,{name}")
    assert said in _audit(path, name, lower_is_better=lower).judged.notes


def test_baseline_margin_and_alpha_are_those_asked_for(write):
    found = _audit(write(*_lines()), baseline="ours", margin=5.0, alpha=0.01).judged
    (comparison,) = found.families[0].comparisons
    assert (comparison.baseline, comparison.verdict) == ("ours", "equivalent")
    assert (found.rules.margin, found.rules.alpha) == (0.05, 0.01)


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["a,1,0.5", "b,1,0.6"], "fewer than two seeds, too few for any claim: a, b"),
        (["a,1,0.5", "a,2,0.6", "b,3,0.5", "b,4,0.6"], "no seed in common with a"),
        (["a,1,0.5", "a,2,0.6", "b,2,0.5", "b,3,0.6"], "other seeds than a, seeds that are not shared are skipped: b"),
        (["a,1,0.5", "a,2,0.6", "b,1,0.5"], "unequal numbers of seeds (a 2, b 1)"),
        (
            ["a,1,0.5", "a,1,0.7", "a,2,0.5", "b,1,0.5", "b,2,0.6"],
            "with different values, pairs skipped: a seed 1",
        ),
        (["a,1,0.5", "a,1,0.5", "a,2,0.5", "b,1,0.5", "b,2,0.6"], "with one value, counted once: a seed 1"),
        (
            ["a,1,0.5", "a,2,oops", "b,1,0.5", "b,2,0.6"],
            "no number in accuracy, pair skipped: 'oops' in line 3",
        ),
        (["a,1,0.5", "a,2,nan", "b,1,0.5", "b,2,0.6"], "'nan' in line 3"),
        (["a,1,0.5", "a,2,0.5"], "only one variant"),
    ],
)
def test_what_a_file_cannot_support_is_a_warning(write, lines, words):
    assert any(words in warning for warning in _audit(write(*lines)).warnings)


def test_variants_with_seeds_of_their_own_are_told_of_the_test_for_them(write):
    lines = [f"a,{seed},0.5{seed}" for seed in range(4)] + [f"b,{seed},0.6{seed}" for seed in range(4, 8)]
    paired, independent = _audit(write(*lines)), _audit(write(*lines), test="independent")
    assert "--test independent compares variants that have seeds of their own, without pairs" in paired.warnings
    assert independent.warnings == ()
    (comparison,) = independent.judged.families[0].comparisons
    assert (comparison.verdict, comparison.sizes, comparison.dropped) == ("better", (4, 4), 0)


def test_seeds_that_are_written_differently_still_pair(write):
    lines = [f"a,{seed}.0,0.{seed}" for seed in range(1, 4)] + [f"b,0{seed},0.{seed}" for seed in range(1, 4)]
    (comparison,) = _audit(write(*lines)).judged.families[0].comparisons
    assert (comparison.n, comparison.dropped, comparison.verdict) == (3, 0, "equivalent")


@pytest.mark.parametrize(
    ("columns", "asked", "hint"),
    [
        (("metod", "run"), {"metric": "accuracy"}, "Did you mean method?"),
        (("method", "runs"), {"metric": "accuracy"}, "Did you mean run?"),
        (("method", "run"), {"metric": "acuracy"}, "Did you mean accuracy?"),
        (("method", "run"), {}, "--metric"),
        (("method", "run"), {"metric": "method"}, "three columns"),
        (("method", "run"), {"metric": "accuracy", "baseline": "bse"}, "Did you mean base?"),
        (("method", "run"), {"metric": "accuracy", "alpha": 2.0}, "Write 0.02 for 2 %."),
    ],
)
def test_wrong_names_are_answered_with_the_nearest(write, columns, asked, hint):
    with pytest.raises(DlbenchError) as caught:
        audit_file(write(*_lines()), *columns, asked)
    assert hint in caught.value.hint
    assert caught.value.exit_code == 2


def test_a_file_that_cannot_be_read_is_named(write, tmp_path):
    write("a,1,0.5")
    with pytest.raises(DlbenchError, match="cannot be read") as caught:
        _audit(tmp_path / "their.csv")
    assert "theirs.csv" in caught.value.hint
    with pytest.raises(DlbenchError, match="no rows"):
        _audit(write())
    (tmp_path / "image.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DlbenchError, match="is not a CSV file"):
        _audit(tmp_path / "image.csv")


def test_large_seeds_stay_apart(write):
    first = 1234567890123456789
    lines = [f"{name},{first + seed},{0.9 + seed / 100}" for name in ("ours", "base") for seed in range(6)]
    assert [c.n for c in _audit(write(*lines)).judged.families[0].comparisons] == [6]


def test_one_seed_in_other_words_is_one_seed(write):
    lines = [f"ours,{seed}.0,0.9" for seed in range(3)] + [f"base,0{seed},0.8" for seed in range(3)]
    assert [c.n for c in _audit(write(*lines)).judged.families[0].comparisons] == [3]


@pytest.mark.parametrize("mixed", [range(8), [3]])
def test_fractions_among_percentages_are_refused_with_the_line_that_mends_them(write, mixed):
    lines = [f"base,{seed},{90 + seed}" for seed in range(8)]
    lines += [f"ours,{seed},{0.91 if seed in mixed else 91}" for seed in range(8)]
    with pytest.raises(DlbenchError, match=f"{len(list(mixed))} value.* of ours in fractions") as caught:
        _audit(write(*lines))
    assert "table.loc[table['accuracy'] <= 1, 'accuracy'] *= 100" in caught.value.hint


def test_a_percent_sign_says_what_a_value_is(write):
    lines = [f"base,{seed},{90 + seed}%" for seed in range(8)] + [
        f"ours,{seed},{0.90 + seed / 100}" for seed in range(8)
    ]
    (comparison,) = _audit(write(*lines)).judged.families[0].comparisons
    assert comparison.difference == pytest.approx(0)


def test_a_diverged_model_among_percentages_is_none_in_fractions(write):
    lines = [f"base,{seed},{90 + seed}" for seed in range(8)] + [f"ours,{seed},0.1" for seed in range(8)]
    assert _audit(write(*lines)).judged.families[0].comparisons[0].difference == pytest.approx(0.001 - 0.935)


def test_a_wide_table_is_read_as_the_long_one(write):
    rows = [(seed, 0.80 + seed / 100, 0.83 + seed / 100) for seed in range(8)]
    long = [f"{name},{seed},{value}" for seed, base, ours in rows for name, value in (("base", base), ("ours", ours))]
    expected = _audit(write(*long))
    path = write(*(f"{seed},{base},{ours}" for seed, base, ours in rows), header="seed,base,ours")
    found = audit_file(path, "", "seed", {"metric": "accuracy"}, wide=True)
    assert found.judged.families[0].comparisons == expected.judged.families[0].comparisons
    with pytest.raises(DlbenchError) as caught:
        audit_file(path, "method", "seed", {"metric": "accuracy"})
    assert "--wide" in caught.value.hint
    assert "table.melt(id_vars=['seed']" in caught.value.hint


@pytest.mark.parametrize(
    ("header", "words"),
    [("Wall time,Step,Value", "TensorBoard"), ("Step,adam - acc,adam - acc__MIN,adam - acc__MAX", "W&B")],
)
def test_an_exported_chart_is_known_by_its_columns(write, header, words):
    path = write(*(",".join(["1"] * len(header.split(","))) for _ in range(3)), header=header)
    for wide in (False, True):
        with pytest.raises(DlbenchError) as caught:
            audit_file(path, "method", "seed", {"metric": "acc"}, wide=wide)
        assert words in caught.value.hint
        assert "one row per trained model" in caught.value.hint


@pytest.mark.parametrize("metric", ["acc", "test/acc", "top1", "top-1", "val_acc", "eval.Accuracy"])
def test_an_accuracy_is_judged_in_points_whatever_its_name(write, metric):
    audit = _audit(write(*_lines(), header=f"method,run,{metric}"), metric=metric)
    assert audit.judged.rules.margin == 0.002
    assert audit.judged.families[0].comparisons[0].verdict == "better"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le"])
def test_a_file_of_a_spreadsheet_is_read_in_its_encoding(tmp_path, encoding):
    path = tmp_path / "theirs.csv"
    path.write_bytes("\n".join(["method,run,accuracy", *_lines()]).encode(encoding))
    assert _audit(path).judged.families[0].comparisons[0].verdict == "better"


def test_of_two_columns_of_one_name_none_is_taken(write):
    path = write("a,1,0.5,0.9", header="method,run,accuracy,accuracy")
    with pytest.raises(DlbenchError, match="2 columns 'accuracy'"):
        _audit(path)
    with pytest.raises(DlbenchError, match="2 columns 'accuracy'"):
        audit_file(path, "", "run", {"metric": "accuracy"}, wide=True)
    twice = write(*(f"{line},9" for line in _lines()), header="method,run,accuracy,note")
    twice.write_text(twice.read_text().replace("note", "note,note", 1))
    assert _audit(twice).judged.families[0].comparisons[0].verdict == "better"


@pytest.mark.parametrize(
    ("columns", "metric", "words"),
    [
        (("run", "run"), "accuracy", "'run' is named twice"),
        (("method", "accuracy"), "accuracy", "'accuracy' is named twice"),
        (("method", "run"), "", "no column 'test_accuracy'"),
    ],
)
def test_each_part_needs_a_column_of_its_own(write, columns, metric, words):
    with pytest.raises(DlbenchError, match=words):
        audit_file(write(*_lines()), *columns, {"metric": metric})


def test_the_metric_is_test_accuracy_unless_another_is_named(write):
    judged = audit_file(write(*_lines(), header="method,run,test_accuracy"), "method", "run", {}).judged
    assert judged.criteria.metric == "test_accuracy"


def test_rows_without_a_variant_or_a_seed_are_skipped_and_said(write):
    audit = _audit(write(*_lines(), ",1,0.5", "ours,,0.4"))
    lines = len(_lines())
    assert audit.warnings == (f"no variant or no seed, skipped: line {lines + 2}, line {lines + 3}",)
    for rows, empty in ([",1,0.5", ",2,0.6"], "method"), (["a,,0.5", "b,,0.6"], "run"):
        with pytest.raises(DlbenchError, match=f"The column '{empty}' is empty"):
            _audit(write(*rows))


@pytest.mark.parametrize(("value", "remedy"), [('"0,93"', "Write 0.93"), ("nan", "--metric"), ("0.9±0.1", "--metric")])
def test_a_column_without_numbers_shows_what_it_holds(write, value, remedy):
    with pytest.raises(DlbenchError, match=f"holds no numbers: '{value.strip(chr(34))}' in line 2") as caught:
        _audit(write(*(f"{name},{seed},{value}" for name in "ab" for seed in range(3))))
    assert remedy in caught.value.hint


def test_a_typographic_minus_is_one(write):
    minus = "\N{MINUS SIGN}"
    path = write(*(f"{name},{seed},{sign}{seed + 1}" for name, sign in (("a", ""), ("b", minus)) for seed in range(3)))
    path.write_text(path.read_text().replace("accuracy", "score"))
    (comparison,) = _audit(path, metric="score", lower_is_better=False).judged.families[0].comparisons
    assert comparison.difference == pytest.approx(-4)


def test_what_no_share_can_be_is_said(write):
    lines = [f"{name},{seed},{value}" for name, value in (("a", 91), ("b", 150), ("c", -3)) for seed in range(3)]
    assert "accuracy outside of 0 to 100 %: b (3 values), c (3 values)" in _audit(write(*lines)).warnings


def test_values_that_are_read_as_one_percent_and_less_are_named(write):
    lines = [f"base,{seed},{90 + seed}" for seed in range(8)] + [f"ours,{seed},0.1" for seed in range(8)]
    assert "so are its values up to 1, as 1 % and less: ours (8 values)" in _audit(write(*lines)).warnings


def test_a_wide_table_has_no_column_of_variants(write):
    path = write(*(f"{seed},0.8,0.9" for seed in range(8)), header="seed,base,ours")
    with pytest.raises(DlbenchError, match="Omit one"):
        audit_file(path, "base", "seed", {"metric": "accuracy"}, wide=True)


# Equal chances


def with_column(name, **given):
    """Return lines of two methods on eight seeds, with a further column of each method's own value."""
    return [f"{method},{run},{0.9 + run / 1000},{value}" for method, value in given.items() for run in range(8)]


@pytest.mark.parametrize(
    ("name", "given", "said"),
    [
        ("lr", {"a": "0.1", "b": "0.01"}, "learning rates differ (a 0.1, b 0.01)"),
        ("learning_rate", {"a": "1e-1", "b": "0.1"}, ""),
        ("n_trials", {"a": "8", "b": "20"}, "tuning budgets differ (a 8, b 20)"),
        ("budget", {"a": "8", "b": "8"}, ""),
        ("note", {"a": "0.1", "b": "0.01"}, ""),
    ],
)
def test_other_learning_rates_and_tuning_budgets_are_named(write, name, given, said):
    path = write(*with_column(name, **given), header=f"method,run,accuracy,{name}")
    found = [warning for warning in _audit(path).warnings if "differ" in warning]
    assert [warning[: len(said)] for warning in found] == ([said] if said else [])


def test_a_method_that_has_several_learning_rates_is_not_compared_by_them(write):
    lines = [f"{method},{run},{0.9 + run / 1000},{0.1 / (1 + run % 2)}" for method in "ab" for run in range(8)]
    assert not [w for w in _audit(write(*lines, header="method,run,accuracy,lr")).warnings if "differ" in w]


@pytest.mark.parametrize(
    ("points", "said"),
    [
        ({"a": 8, "b": 8}, []),
        ({"a": 8, "b": 6}, ["tuning budgets differ (a 8, b 6)"]),
        ({"b": 8}, ["tuning budgets differ (a 0, b 8)"]),
    ],
)
def test_trials_of_a_search_count_as_its_budget_and_are_not_judged(write, points, said):
    rates = {"a": 0.1, "b": 0.01}
    judged = [f"{name},{run},{0.9 + run / 1000},{rate},evaluation" for name, rate in rates.items() for run in range(8)]
    tried = [f"{name},1000000,0.1,{at / 100},tuning" for name, count in points.items() for at in range(1, count + 1)]
    audit = _audit(write(*tried, *judged, header="method,run,accuracy,lr,role"))
    found = [warning for warning in audit.warnings if "differ" in warning]
    assert [warning.partition(":")[0] for warning in found] == said
    assert [each.n for each in audit.judged.families[0].comparisons] == [8]


STREAMS = "method,run,stream_seeds,accuracy"


def _with_streams(text, name="relu", gain=0.0):
    return [f"{name},{seed},{text},{0.8 + gain + seed * seed / 1000}" for seed in range(8)]


def test_trials_that_vary_a_source_are_no_further_seeds_and_the_reason_is_named(write):
    """They are there for a spread, and share all but one source with a trial that is judged."""
    plain = [*_with_streams(""), *_with_streams("", "tanh", 0.05)]
    varied = [*_with_streams("order=9", gain=0.01), *_with_streams("split=9", "tanh", 0.02)]
    alone, found = _audit(write(*plain, header=STREAMS)), _audit(write(*plain, *varied, header=STREAMS))
    assert found.judged.families == alone.judged.families
    assert [warning for warning in found.warnings if "stream_seeds" in warning] == [
        "16 rows with stream_seeds left out: they vary one source of randomness of a seed that is there, and are no "
        "further seeds"
    ]


def test_what_all_trials_hold_is_said_in_the_sentences(write):
    found = _audit(write(*_with_streams("split=0"), *_with_streams("split=0", "tanh", 0.05), header=STREAMS))
    assert found.judged.held == "on one split"
    assert found.judged.families[0].sentences[0].startswith("accuracy on one split: ")
    assert not any("stream_seeds" in warning for warning in found.warnings)


def test_variants_that_hold_different_sources_are_told(write):
    found = _audit(write(*_with_streams("split=0"), *_with_streams("order=0", "tanh", 0.05), header=STREAMS))
    assert found.judged.held == ""
    assert "stream_seeds differ (relu split=0, tanh order=0)" in " ".join(found.warnings)
