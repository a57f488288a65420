"""A folder is followed as it grows: each line is read once, and no verdict is seen that the plan does not allow."""

import shutil
from dataclasses import replace
from itertools import pairwise

import pytest

from dlbench.plans.criteria import Criteria
from dlbench.plans.spread import SpreadDesign
from dlbench.plans.tuning_record import Candidate, Search, TuningRecord
from dlbench.runs import journal_tail
from dlbench.runs.running_trials import RunningTrial
from dlbench.serve.followed_run import FollowedRun
from dlbench.serve.watched_runs import WatchedRun
from dlbench.statistics.verdicts import Verdict


@pytest.fixture
def lines(monkeypatch):
    """Count the lines of journals that are parsed."""
    parsed, parse = [], journal_tail.parse_line
    monkeypatch.setattr(journal_tail, "parse_line", lambda line: (parsed.append(line), parse(line))[1])
    return parsed


def test_each_line_is_read_once_and_nothing_new_is_the_same_record(begin, add, lines):
    folder = begin()
    run = FollowedRun(folder.path)
    assert (run.refresh().active, run.refresh().planned, run.refresh().done) == (True, 12, 0)
    for seed in range(4):
        add(folder, [seed])
        shown = run.refresh()
        assert shown.done == 2 * (seed + 1)
        assert run.refresh() is shown
    assert len(lines) == 8
    assert [(row.n, row.note) for row in shown.variants] == [(4, "so far, n = 4: no verdict yet")] * 2


def test_no_verdict_before_the_plan_is_complete_and_the_same_as_everywhere_after(begin, add):
    folder = begin()
    run = FollowedRun(folder.path)
    add(folder, range(5))
    assert (run.refresh().judged, run.verdict_key(), run.judge()) == (None, None, None)
    assert not run.refresh().complete
    add(folder, [5])
    folder.close()
    assert (run.refresh().complete, run.refresh().active) == (True, False)
    judged = run.judge()
    assert judged is not None
    assert judged.table() == folder.judge().table()


def test_a_look_is_judged_at_its_own_level_while_the_next_one_is_under_way(begin, add, make_plan):
    criteria = Criteria(baseline="relu", interim_analyses=(8, 11, 14), spending="haybittle-peto")
    plan = replace(make_plan(("relu", "tanh"), range(8)), judging=criteria)
    folder = begin(plan)
    add(folder, range(8))
    folder.extend(plan)  # with the target that is known by now
    run = FollowedRun(folder.path)
    first = run.refresh()
    assert first.judged is not None
    judged, key = run.judge(), run.verdict_key()
    folder.extend(replace(plan, seeds=tuple(range(11))))
    add(folder, [8, 9])
    second = run.refresh()
    assert (second.planned, second.complete) == (22, False)
    assert second.judged is not None
    assert len(second.judged.seeds) == 8
    assert run.verdict_key() == key  # so it is not judged again
    later = run.judge()
    assert judged is not None
    assert later is not None
    assert later.table() == judged.table()
    assert later.rules.alpha == criteria.level(8)


def test_a_trial_that_failed_before_a_session_began_runs_again_and_one_of_this_session_has_ended(begin, add):
    folder = begin()
    add(folder, range(5))
    add(folder, [5], status="failed", message="no memory left")
    run = FollowedRun(folder.path)
    assert (run.refresh().failed, run.refresh().complete) == (2, True)
    assert run.refresh().failures[-1] == "tanh seed 5: failed, no memory left"
    folder.close()
    assert run.refresh().complete
    begin()
    assert (run.refresh().active, run.refresh().complete) == (True, False)


def test_running_trials_come_with_their_curves_and_go_with_the_session(begin):
    folder = begin()
    run = FollowedRun(folder.path)
    running = RunningTrial(trial_id="x", label="relu", seed=3, epochs=9).after(1, {"validation_accuracy": 0.25})
    folder.show_running([running])
    (found,) = run.refresh().running
    assert (found.label, found.seed, found.epoch, found.curves["validation_accuracy"]) == ("relu", 3, 1, (0.25,))
    folder.show_running([running.after(2, {"validation_accuracy": 0.5})])
    assert run.refresh().running[0].epoch == 2
    folder.close()
    assert run.refresh().running == ()


def test_tuning_trials_of_the_plans_own_search_are_counted_apart(begin, make_plan, make_record):
    names = ("relu", "tanh", "elu")
    tried = [make_record(name, seed=1_000_000) for name in names]
    tried = [replace(record, trial=replace(record.trial, role="tuning")) for record in tried]
    points = tuple(Candidate(values={}, variant_id=each.trial.variant_id) for each in tried[:2])
    search = Search(seeds=(1_000_000,), candidates={"relu": points})
    folder = begin(replace(make_plan(), tuning=TuningRecord(ranges={}, budget=2, searches=(search,))))
    for record in tried[1:]:  # the last is of another search in the folder
        folder.add(record)
    progress = FollowedRun(folder.path).refresh()
    assert (progress.done, progress.searched, progress.to_search) == (0, 1, 2)


def test_a_spread_is_complete_only_with_the_trials_that_vary_a_source(begin, add, make_plan, make_record):
    design = SpreadDesign(sources=("split",), backgrounds=3, levels=3)
    folder = begin(replace(make_plan(("relu",), range(3)), spread=design))
    add(folder, range(3), names=("relu",))
    run = WatchedRun(folder.path)
    assert "3 of 9 trials have numbers" in run.parts()["progress"]
    assert not run.followed.refresh().complete
    usual = make_record("relu", 0)
    for number, trial in enumerate(design.trials([usual.trial])):
        status = {"status": "failed", "message": "no", "metrics": {}} if number == 0 else {}
        record = make_record("relu", trial.seed, 0.8 + 0.003 * number, **status)
        folder.add(replace(record, trial=trial))
    progress = run.followed.refresh()
    assert (progress.planned, progress.done, progress.failed, progress.complete) == (9, 8, 1, True)
    assert progress.failures == ("relu split=1 seed 0: failed, no",)
    assert "the whole report" in run.parts()["comparison"].lower()
    assert "varied alone, it keeps" in run.parts()["comparison"]


def _varied(design, name, make_record):
    trials = enumerate(design.trials([make_record(name, 0).trial]))
    return [replace(make_record(name, trial.seed, 0.8 + 0.003 * number), trial=trial) for number, trial in trials]


def test_verdicts_are_new_where_a_trial_that_varies_a_source_or_the_question_is(begin, add, make_plan, make_record):
    design = SpreadDesign(sources=("split",), backgrounds=3, levels=3)
    plan = replace(make_plan(("relu",), range(3)), spread=design)
    varied = _varied(design, "relu", make_record)
    folder = begin(plan)
    add(folder, range(3), names=("relu",))
    for record in (replace(varied[0], status="failed", metrics={}), *varied[1:]):
        folder.add(record)
    folder.close()
    run = FollowedRun(folder.path)
    assert run.refresh().complete
    seen = [run.verdict_key()]
    folder = begin(plan)
    folder.add(varied[0])
    folder.close()
    assert run.refresh().failed == 0
    seen.append(run.verdict_key())
    begin(replace(plan, experiment="acme/spread")).close()
    run.refresh()
    seen.append(run.verdict_key())
    begin(replace(plan, experiment="acme/spread")).close()
    run.refresh()
    assert seen[0] != seen[1] != seen[2] == run.verdict_key()


def test_verdicts_are_new_where_variants_have_other_names_or_another_order(begin, add, make_plan):
    plan = make_plan(("relu", "tanh"), range(6))
    folder = begin(plan)
    add(folder, range(6))
    folder.close()
    run = FollowedRun(folder.path)
    named = replace(plan, variants=tuple(replace(each, label=f"my {each.label}") for each in plan.variants))
    keys = []
    for asked in (plan, replace(named, baseline="my relu"), replace(plan, variants=plan.variants[::-1]), plan):
        begin(asked).close()
        assert run.refresh().complete
        keys.append(run.verdict_key())
    assert keys[0] == keys[3]
    assert all(one != other for one, other in pairwise(keys))


def test_a_spread_of_more_or_fewer_variants_has_the_trials_of_those(begin, add, make_plan, make_record):
    design = SpreadDesign(sources=("split",), backgrounds=3, levels=3)
    names = ("relu", "tanh", "elu")
    three, two = (replace(make_plan(names[:count], range(3)), spread=design) for count in (3, 2))
    folder = begin(three)
    add(folder, range(3), names=names)
    for name in names:
        for record in _varied(design, name, make_record):
            folder.add(record)
    folder.close()

    def told(run):
        progress = run.refresh()
        return progress.done, progress.planned, progress.complete

    run = FollowedRun(folder.path)
    assert told(run) == (27, 27, True)
    begin(two).close()
    later = FollowedRun(folder.path)
    assert told(run) == told(later) == (18, 18, True)
    begin(three).close()
    assert told(run) == told(later) == (27, 27, True)


def test_a_run_of_one_variant_says_on_what_and_leads_to_its_report(begin, add, make_plan):
    folder = begin(replace(make_plan(("relu",), range(3)), axes={}))
    add(folder, range(3), names=("relu",))
    parts = WatchedRun(folder.path).parts()
    assert "The whole report" in parts["comparison"]
    assert '<p class="lead">on digits with mlp</p>' in parts["progress"]


def test_a_folder_that_goes_away_or_is_damaged_says_so(begin, add):
    folder = begin()
    add(folder, range(2))
    run = FollowedRun(folder.path)
    assert run.refresh().problem == ""
    folder.close()
    (folder.path / "manifest.json").write_text("{")
    assert "cannot be read as a manifest" in run.refresh().problem
    (folder.path / "manifest.json").unlink()
    assert run.refresh().problem == "It has no manifest.json, so what it compares is not known."
    shutil.rmtree(folder.path)
    assert run.refresh().problem == "It is gone."


def test_a_run_that_was_started_over_is_read_from_the_start(begin, add):
    folder = begin()
    add(folder, range(3))
    run = FollowedRun(folder.path)
    assert run.refresh().done == 6
    folder.close()
    shutil.rmtree(folder.path)
    add(begin(), range(1))
    assert run.refresh().done == 2


def test_a_line_that_is_still_being_written_waits(begin, add):
    folder = begin()
    add(folder, range(1))
    run = FollowedRun(folder.path)
    assert run.refresh().done == 2
    (path,) = (folder.path / "journal").glob("2*.jsonl")
    whole = path.read_bytes()
    with path.open("ab") as file:
        file.write(whole[:100])
    assert run.refresh().done == 2


def test_a_damaged_line_of_a_journal_is_named_on_the_page(begin, add):
    folder = begin()
    add(folder, range(2))
    run = WatchedRun(folder.path)
    assert "left out" not in run.parts()["progress"]
    (path,) = (folder.path / "journal").glob("2*.jsonl")
    with path.open("ab") as file:
        file.write(b"damaged <b>\n")
    add(folder, range(2, 3))
    said = run.parts()["progress"]
    assert f'<p class="caution">journal/{path.name}, line 5 is left out: ' in said
    assert "6 of 12 trials have numbers" in said


def test_every_verdict_is_a_word_that_interim_rows_never_show(begin, add):
    folder = begin()
    add(folder, range(5))
    notes = [row.note for row in FollowedRun(folder.path).refresh().variants]
    words = set(Verdict.__args__) - {"higher", "lower"}
    assert not [word for word in words for note in notes if word in note.replace("no verdict yet", "")]
