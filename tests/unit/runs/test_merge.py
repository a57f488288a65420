"""Run folders joined: each trial once, results before failures, nothing written where plans do not fit."""

import csv
import itertools
import json
import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from typer.testing import CliRunner

from dlbench.cli.commands.results.app import app
from dlbench.errors import DlbenchError
from dlbench.plans.criteria import Criteria
from dlbench.runs import folder, folder_session
from dlbench.runs import merge as merge_module
from dlbench.runs.folder import RunFolder
from dlbench.runs.merge import merge


@pytest.fixture
def make_run(tmp_path, make_record, make_plan, provenance):
    def make(name, activations=("relu", "tanh"), seeds=(0, 1), plan=None, **changes):
        with RunFolder(tmp_path / name) as folder:
            folder.start(replace(make_plan(activations, seeds), **(plan or {})), ["dlbench", name], provenance)
            for activation in activations:
                for seed in seeds:
                    folder.add(make_record(activation, seed, **changes))
        return tmp_path / name

    return make


def _rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_folders_with_common_trials_join_without_doubling(make_run, tmp_path):
    one, two = make_run("one", seeds=(0, 1, 2)), make_run("two", ("tanh", "elu"), (2, 3))
    merged = merge(tmp_path / "both", [one, two])
    assert merged.added == {"one": 6, "two": 3}
    assert (merged.there, merged.differing) == (1, [])
    rows = _rows(tmp_path / "both" / "trials.csv")
    assert len(rows) == len({row["trial_id"] for row in rows}) == 9
    folder = RunFolder(tmp_path / "both")
    assert [variant.label for variant in folder.plan.variants] == ["relu", "tanh", "elu"]
    assert folder.plan.seeds == (0, 1, 2, 3)
    assert [session["command"][-1] for session in folder.manifest.sessions] == ["one", "two"]
    assert _rows(tmp_path / "both" / "comparison.csv")
    again = merge(tmp_path / "both", [one, two, one])
    assert sum(again.added.values()) == 0
    assert _rows(tmp_path / "both" / "trials.csv") == rows


def test_an_earlier_copy_learns_from_its_original_what_a_session_did_later(
    make_plan, make_record, provenance, tmp_path
):
    def nodes(*hosts):
        return {host: {"host": host, "provenance_id": host * 6} for host in hosts}

    with RunFolder(tmp_path / "run") as run:
        run.start(make_plan(("relu",), (0, 1)), ["dlbench"], provenance)
        run.add(replace(make_record("relu", 0), provenance_id="n1" * 6))
        run.add_session_facts(nodes=nodes("n1"), reused={"other": 1})
        shutil.copytree(run.path, tmp_path / "copy", ignore=shutil.ignore_patterns(".*"))
        run.add(replace(make_record("relu", 1), provenance_id="n2" * 6))
        run.add_session_facts(nodes=nodes("n1", "n2"))
        shutil.copytree(run.path, tmp_path / "later", ignore=shutil.ignore_patterns(".*"))
        run.add_session_facts(reused={"other": 1, "another": 3})
    for name, sources in (("one", ["copy", "later"]), ("two", ["later", "copy"])):
        merge(tmp_path / name, [tmp_path / source for source in sources])
        assert RunFolder(tmp_path / name).manifest.sessions == RunFolder(tmp_path / "later").manifest.sessions
    merge(tmp_path / "copy", [tmp_path / "run"])
    copy, original = RunFolder(tmp_path / "copy"), RunFolder(tmp_path / "run")
    assert copy.manifest.sessions == original.manifest.sessions
    assert copy.state.provenances.keys() == original.state.provenances.keys()
    for name in ("copy", "run"):
        before = (tmp_path / name / "manifest.json").read_text()
        merge(tmp_path / name, [tmp_path / "run" if name == "copy" else tmp_path / "later"])
        assert (tmp_path / name / "manifest.json").read_text() == before


def test_a_session_that_several_sources_have_is_there_once(make_run, tmp_path):
    one = make_run("one")
    shutil.copytree(one, tmp_path / "copy")
    merge(tmp_path / "both", [one, tmp_path / "copy"])
    assert RunFolder(tmp_path / "both").manifest.sessions == RunFolder(one).manifest.sessions


def test_sources_of_one_name_are_told_by_their_paths(make_run, tmp_path):
    here = make_run("run")
    make_run("away", seeds=(1, 2)).rename(tmp_path / "elsewhere")
    (tmp_path / "machine").mkdir()
    away = (tmp_path / "elsewhere").rename(tmp_path / "machine" / "run")
    merged = merge(tmp_path / "both", [here, away, here])
    assert merged.added == {str(here): 4, str(away): 2}


def test_a_result_wins_over_a_failure_and_the_targets_record_over_a_sources(make_run, tmp_path):
    failed = make_run("failed", ("relu",), (0,), status="failed", metrics={}, log="no\n")
    done, other = make_run("done", ("relu",), (0,)), make_run("other", ("relu",), (0,), accuracy=0.1)
    merged = merge(failed, [done])
    assert merged.added == {"done": 1}
    (record,) = RunFolder(failed).records
    assert record.status == "done"
    merged = merge(failed, [other])
    assert (merged.there, merged.differing) == (1, [record.trial_id])
    assert RunFolder(failed).records == (record,)


@pytest.fixture
def a_second_each(monkeypatch):
    """Let a second pass between any two moments that are noted."""
    passed = itertools.count()
    start = datetime(2026, 1, 1, tzinfo=UTC)
    for module in (folder_session, folder, merge_module):
        monkeypatch.setattr(module, "utc_now", lambda: start + timedelta(seconds=next(passed)))


def _ask(path, seeds, make_plan, make_record, provenance):
    with RunFolder(path) as folder:
        folder.start(make_plan(seeds=seeds), ["dlbench"], provenance)
        done = {record.trial.seed for record in folder.records}
        for seed in set(seeds) - done:
            for place, activation in enumerate(("relu", "tanh")):
                folder.add(make_record(activation, seed, accuracy=0.8 + 0.01 * seed + 0.002 * place * seed))


@pytest.mark.usefixtures("a_second_each")
def test_what_was_judged_before_stays_known_when_folders_are_joined(tmp_path, make_plan, make_record, provenance):
    target, source = tmp_path / "twice", tmp_path / "once"
    for path, seeds in ((target, range(5)), (target, range(7)), (source, range(7))):
        _ask(path, seeds, make_plan, make_record, provenance)
    before, history = RunFolder(target).judge().second_look, RunFolder(target).manifest.history
    assert before.startswith("Second look: ")
    assert merge(target, [source]).added == {"once": 0}
    assert RunFolder(target).judge().second_look == before
    assert RunFolder(target).manifest.history == history
    merge(tmp_path / "both", [source, target])
    assert RunFolder(tmp_path / "both").judge().second_look == before
    assert [asked.seen for asked in RunFolder(tmp_path / "both").manifest.history] == [0, 10]


def test_a_joined_comparison_stands_where_it_was_asked_first(tmp_path, make_plan, make_record, provenance):
    one, two = tmp_path / "one", tmp_path / "two"
    for path, seeds in ((one, range(6)), (one, range(7)), (one, range(6)), (two, range(6))):
        _ask(path, seeds, make_plan, make_record, provenance)
    history = RunFolder(one).manifest.history
    merge(one, [two])
    assert [len(asked.plan.seeds) for asked in RunFolder(one).manifest.history] == [6, 7]
    assert RunFolder(one).manifest.history == history


@pytest.mark.usefixtures("a_second_each")
def test_an_earlier_copy_takes_back_no_seeds_to_which_a_comparison_has_grown(
    tmp_path, make_plan, make_record, provenance
):
    original, copy = tmp_path / "original", tmp_path / "copy"

    def ask(seeds, **changes):
        with RunFolder(original) as folder:
            folder.start(replace(make_plan(seeds=range(seeds)), **changes), ["dlbench"], provenance)
            folder.add(make_record("relu", 0))

    growing = {"judging": Criteria(interim_analyses=(6, 12))}
    ask(6, **growing)
    ask(3)
    shutil.copytree(original, copy)
    ask(12, **growing)
    ask(3)
    for name, sources in (("one", [original, copy]), ("other", [copy, original])):
        merge(tmp_path / name, sources)
        assert [len(asked.plan.seeds) for asked in RunFolder(tmp_path / name).manifest.history] == [12, 3]


def test_weights_and_logs_are_copied(make_run, tmp_path):
    one = make_run("one", ("relu",), (0,), log="printed\n")
    (record,) = RunFolder(one).records
    (one / "weights").mkdir()
    (one / "weights" / f"{record.trial_id}.pt").write_bytes(b"weights")
    other = make_run("other", ("relu",), (0,))
    merge(tmp_path / "without", [other, one])
    assert not (tmp_path / "without" / "weights").exists()  # they are not those of its record
    merge(tmp_path / "both", [one, other])
    assert (tmp_path / "both" / "weights" / f"{record.trial_id}.pt").read_bytes() == b"weights"
    assert (tmp_path / "both" / "logs" / f"{record.trial_id}.log").read_text() == "printed\n"


def test_plans_that_do_not_fit_are_refused_and_nothing_is_written(make_run, tmp_path):
    one, two = make_run("one"), make_run("two", plan={"fixed": {"epochs": "5"}})
    with pytest.raises(DlbenchError, match="epochs is 10 there and 5 here") as caught:
        merge(tmp_path / "both", [one, two])
    assert "\n" not in caught.value.message
    assert caught.value.hint == "Merge it with runs that have its settings, into another run."
    assert not (tmp_path / "both").exists()
    with pytest.raises(DlbenchError, match="is both the target and a source"):
        merge(one, [one])


def test_results_of_different_provenance_are_counted(make_run, tmp_path, make_record):
    one, two = make_run("one", ("relu",), (0,)), make_run("two", ("relu",), (1,))
    with RunFolder(two) as folder:
        folder.add(replace(make_record("relu", 1), provenance_id="f" * 12))
    assert merge(tmp_path / "both", [one, two]).provenances == 2


def test_the_command_says_what_it_did_and_rm_asks(make_run, tmp_path):
    make_run("one"), make_run("two", seeds=(1, 2))

    def call(*arguments):
        return CliRunner().invoke(app, [*arguments, "--results-dir", str(tmp_path)])

    done = call("merge", "both", "one", "two", "--json")
    assert json.loads(done.stdout)["added"] == {"one": 4, "two": 2}
    asked = call("rm", "one", "two")
    assert isinstance(asked.exception, DlbenchError)
    assert "--yes" in asked.exception.hint
    assert (tmp_path / "one").is_dir()
    assert call("rm", "one", "two", "--yes").exit_code == 0
    assert [path.name for path in tmp_path.iterdir()] == ["both"]


def test_removing_a_run_follows_no_link(make_run, tmp_path):
    one = make_run("one")
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "file").write_text("kept")
    (one / "link").symlink_to(tmp_path / "precious")
    CliRunner().invoke(app, ["rm", "one", "--yes", "--results-dir", str(tmp_path)])
    assert not one.exists()
    assert (tmp_path / "precious" / "file").read_text() == "kept"


@pytest.mark.parametrize("name", ["../one", "a/b", "..", ".hidden", "", "-x", "a\n", "a\0b", "/etc"])
def test_no_run_name_points_outside_the_results_folder(tmp_path, name):
    from dlbench.runs.locations import new_run_path

    with pytest.raises(DlbenchError, match="Invalid run name"):
        new_run_path(name, tmp_path)


def test_a_name_that_is_a_link_to_elsewhere_is_refused(tmp_path, make_run):
    from dlbench.runs.locations import new_run_path, run_path

    outside = make_run("outside")
    root = tmp_path / "results"
    root.mkdir()
    (root / "mine").symlink_to(outside)
    for find in (new_run_path, run_path):
        with pytest.raises(DlbenchError, match="is a link to a place outside of"):
            find("mine", root)
    (root / "alias").symlink_to(root / "other")
    assert new_run_path("alias", root) == root / "alias"
