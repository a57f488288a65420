"""A command answers what it asked, whatever else its folder holds."""

import csv
import json
import random
import shutil
import threading
import time
from dataclasses import replace
from hashlib import sha256

import pytest

from dlbench.errors import DlbenchError
from dlbench.runs.folder import RunFolder
from dlbench.runs.provenance import collect_provenance
from dlbench.sessions import run as session_run
from dlbench.statistics.seeds import AutoSeeds
from dlbench.trials.diagnostics import Reading

ACTIVATIONS = ("relu", "tanh", "sigmoid", "gelu")
SEEDS = (1, 2, 3, 6, 7, AutoSeeds(1, 7), AutoSeeds(6, 9), AutoSeeds(1, 9))


def number(*key: object) -> float:
    """Return a number from 0 to 1 that a key decides."""
    return int(sha256(repr(key).encode()).hexdigest()[:8], 16) / 16**8


@pytest.fixture
def made_up(executor):
    """An executor whose results depend on variant and seed alone; some differences are large, some are none."""

    class MadeUp(executor):
        def _record(self, unit, trial, row):
            name = trial.activation.name.rpartition("/")[2]
            level = {"relu": 0.8, "tanh": 0.81, "sigmoid": 0.7, "gelu": 0.8}[name]
            noise = (number(name, trial.seed) - 0.5) / 100
            rows = [{**row, "validation_accuracy": level + noise - 0.2 + 0.1 * epoch} for epoch in range(3)]
            record = replace(super()._record(unit, trial, row), epochs=tuple(rows))
            found = {"test_accuracy": level + noise, "test_loss": 1 - level + number(trial.seed, name) / 50}
            due = unit.diagnostics.epochs(len(rows))
            readings = [
                Reading(epoch, layer, value, number(name, trial.seed, epoch, layer) + epoch)
                for epoch in sorted(due)
                for value in unit.diagnostics.values
                for layer in ("one", "two")
            ]
            watched = dict.fromkeys(unit.diagnostics.diagnostics, tuple(sorted(due)))
            return replace(record, metrics={**record.metrics, **found}, diagnostics=tuple(readings), watched=watched)

    return MadeUp


@pytest.fixture
def ask(session, made_up):
    """Run a command; return what it left."""

    def run(command, name="run", **options):
        variants, seeds, more = command
        return session(activations=variants, seeds=seeds, request=more, name=name, executor=made_up(), **options)

    return run


def rows(folder):
    with (folder / "comparison.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def manifest(folder):
    return json.loads((folder / "manifest.json").read_text())


THREE = (("relu", "tanh", "sigmoid"), 7, {})
GROWING = (("relu", "tanh"), AutoSeeds(7, 30), {})


def test_a_command_repeated_after_others_computes_nothing_and_answers_as_before(ask):
    first = ask(THREE)
    before = first.outcome.run.judge()
    assert ask(GROWING).outcome.run.plan.criteria.interim_analyses
    again = ask(THREE)
    assert again.ran == []
    assert again.outcome.run.judge() == before
    assert before.second_look == ""
    assert rows(first.outcome.folder) == [
        {key: "" if value is None else str(value) for key, value in row.items()} for row in before.table()[1]
    ]


def test_the_stopping_rule_and_the_table_judge_the_same_family(ask):
    ask((("relu", "tanh", "gelu"), 7, {}))
    done = ask((("relu", "sigmoid"), AutoSeeds(7, 30), {}))
    (looked,) = manifest(done.outcome.folder)["sessions"][-1]["looks"]
    (family,) = done.outcome.run.judge().families
    assert looked["verdicts"] == [comparison.verdict for comparison in family.comparisons] == ["worse"]
    assert looked["decided"]


RACE = (("relu", "tanh", "sigmoid", "gelu"), AutoSeeds(7, 30), {})


@pytest.mark.slow
def test_a_decided_variant_gets_no_more_seeds_and_the_baseline_all_that_another_one_needs(ask):
    done = ask(RACE)
    seeds = {name: {seed for label, seed in done.ran if label == name} for name in ACTIVATIONS}
    assert seeds["sigmoid"] == seeds["tanh"] == set(range(10))
    assert seeds["relu"] == seeds["gelu"] > seeds["tanh"]
    assert "At least 40, at most 120 trials." in done.display.notes
    state = "2 of 3 verdicts are decided; 2 variants need no more seeds, at most 40 trials are left"
    assert f"Interim analysis at 10 seeds: {state}." in done.display.notes
    judged = done.outcome.run.judge()
    assert judged.saving.startswith(f"{len(done.ran)} of 120 trials were enough: ")
    assert done.outcome.run.plan.trial_count == len(done.ran)


@pytest.mark.slow
def test_a_race_repeated_computes_nothing_and_its_verdicts_stay_whatever_the_folder_gains(ask):
    done = ask(RACE)
    before, table = done.outcome.run.judge(), rows(done.outcome.folder)
    again = ask(RACE)
    assert again.ran == []
    assert (again.outcome.run.judge(), rows(again.outcome.folder)) == (before, table)
    assert ask((("relu", "tanh", "sigmoid"), 20, {})).ran  # seeds of decided variants
    after = ask(RACE)
    assert after.ran == []
    assert (after.outcome.run.judge(), rows(after.outcome.folder)) == (before, table)
    assert len(after.outcome.run.planned) == len(done.ran)
    read = RunFolder(after.outcome.folder)
    assert read.judge() == before


@pytest.mark.slow
def test_a_race_that_was_interrupted_goes_on_where_it_was(ask, session, made_up):
    stopped = session(activations=RACE[0], seeds=RACE[1], name="run", executor=made_up(stop_after=55))
    assert stopped.outcome.interrupted
    assert stopped.outcome.run.judge().saving == ""
    rest, whole = ask(RACE), ask(RACE, name="whole")
    assert len(stopped.ran) + len(rest.ran) == len(whole.ran)
    assert rows(rest.outcome.folder) == rows(whole.outcome.folder)


def test_looks_at_results_that_had_been_seen_are_told(ask):
    ask(THREE)
    judged = ask(GROWING).outcome.run.judge()
    assert judged.second_look.startswith("Second look: these results were first judged on ")
    assert "(relu, tanh, sigmoid: 7 seeds; interim analyses none)" in judged.second_look
    assert "α = 0.05 does not hold" in judged.second_look
    assert "studies together" not in judged.second_look  # the seeds did not just grow
    alone = ask(GROWING, name="alone").outcome.run.judge()
    assert (alone.families, alone.second_look) == (judged.families, "")


@pytest.mark.parametrize(("counts", "error"), [((7, 12), "8 %"), ((7, 12, 20), "11 %")])
def test_more_seeds_by_hand_are_another_look_and_its_error_is_told(ask, counts, error):
    for count in counts:
        done = ask((("relu", "tanh"), count, {}))
    seen = " and ".join([", ".join(map(str, counts[:-1])), str(counts[-1])])
    told = f"looks at {seen} seeds are wrong in up to {error} of studies together"
    assert done.outcome.run.judge().second_look.endswith(told)


def test_criteria_that_were_asked_later_say_what_had_been_fixed(ask):
    ask((("relu", "tanh"), 6, {}))
    judged = ask((("relu", "tanh"), 6, {"judging": {"metric": "test_loss", "margin": 0.01}})).outcome.run.judge()
    assert (judged.criteria.metric, judged.criteria.margin, judged.deviations) == ("test_loss", 0.01, ())
    assert "(relu, tanh: 6 seeds; metric test_accuracy; margin 0.2 points)" in judged.second_look


def test_a_test_that_is_changed_after_running_is_refused_and_nothing_is_lost(ask):
    before = ask((("relu", "tanh"), 6, {}))
    with pytest.raises(DlbenchError, match="judged with --test paired: a test is chosen before there are results"):
        ask((("relu", "tanh"), 8, {"judging": {"test": "independent"}}))
    again = ask((("relu", "tanh"), 6, {}))
    assert (again.ran, again.outcome.run.judge()) == ([], before.outcome.run.judge())
    alone = ask((("relu", "tanh"), 6, {"judging": {"test": "independent"}}), name="alone")
    assert alone.outcome.run.judge().criteria.test == "independent"


@pytest.mark.parametrize(
    "first",
    [
        (("relu", "sigmoid"), 7, {}),  # shares one variant: no difference of it was seen
        (("relu", "tanh"), 2, {}),  # too few seeds for any claim
        (("relu", "tanh"), 7, {"diagnostics": ("saturation",)}),  # the same question, and more was measured
        (("relu", "tanh"), 7, {"noise_floor": True}),
    ],
)
def test_what_showed_no_difference_of_a_comparison_was_no_look_at_it(ask, first):
    ask(first)
    assert ask((("relu", "tanh"), 7, {})).outcome.run.judge().second_look == ""


def test_more_seeds_extend_the_folder_and_say_that_fewer_had_been_judged(ask):
    ask((("relu", "tanh"), 6, {}))
    more = ask((("relu", "tanh"), 9, {}))
    assert {seed for _, seed in more.ran} == {6, 7, 8}
    assert "(relu, tanh: 6 seeds)" in more.outcome.run.judge().second_look


def test_a_folder_keeps_every_comparison_and_shows_each(ask):
    answers = [ask(command).outcome.run.judge() for command in (THREE, GROWING, THREE)]
    folder = RunFolder(ask(THREE).outcome.folder)
    assert [len(asked.plan.variants) for asked in folder.manifest.history] == [3, 2]
    assert folder.judge() == answers[0]
    folder.choose(2)
    assert folder.judge() == answers[1]
    assert len(manifest(folder.path)["comparisons"]) == 2


def test_a_folder_with_one_comparison_is_written_as_before(ask):
    folder = ask(THREE).outcome.folder
    ask(THREE)
    assert set(manifest(folder)) == {"schema", "name", "plan", "sessions", "checksums"}


def test_sessions_that_run_at_once_show_their_own_comparison_and_lose_none(ask, session, made_up, tmp_path):
    inner = []
    thread = threading.Thread(target=lambda: inner.append(ask(GROWING)))

    def meanwhile(count):
        if count == 3:
            thread.start()
            while "comparisons" not in manifest(tmp_path / "run"):
                time.sleep(0.01)

    outer = session(activations=THREE[0], seeds=THREE[1], executor=made_up(before=meanwhile))
    thread.join(60)
    assert [variant.label for variant in outer.outcome.run.plan.variants] == ["relu", "tanh", "sigmoid"]
    assert [variant.label for variant in inner[0].outcome.run.plan.variants] == ["relu", "tanh"]
    for done, command in ((outer, THREE), (inner[0], GROWING)):
        alone = ask(command, name=f"alone-{len(command[0])}")
        assert done.outcome.run.judge().families == alone.outcome.run.judge().families
    folder = RunFolder(outer.outcome.folder)
    assert len(folder.manifest.history) == 2
    assert [variant.label for variant in folder.plan.variants] == ["relu", "tanh"]  # the last that was asked
    assert {row["variant"] for row in rows(folder.path)} == {"relu", "tanh"}


def command(choose: random.Random):
    """Return variants, seeds and options of a command."""
    variants = tuple(choose.sample(ACTIVATIONS, choose.choice([2, 2, 3, 4])))
    judging = {}
    if choose.random() < 0.4:
        judging["metric"] = choose.choice(["test_loss", "validation_accuracy", "epochs_to_target", "saturation@first"])
    if choose.random() < 0.3:
        judging["margin"] = choose.choice([0.0, 0.5, 2.0])
    if choose.random() < 0.3:
        judging["alpha"] = choose.choice([0.01, 0.1])
    if choose.random() < 0.3:
        judging["baseline"] = choose.choice(variants)
    if choose.random() < 0.3:
        judging["all_pairs"] = True
    more = {"judging": judging, "noise_floor": choose.random() < 0.3}
    if choose.random() < 0.4:
        more["diagnostics"] = (choose.choice(["saturation,last", "saturation,first", "dead-units,2", "all"]),)
    return variants, choose.choice(SEEDS), more


@pytest.fixture
def answers_what_it_asks(ask, monkeypatch, tmp_path):
    """Check that a command after others in one folder answers as it does alone, for random sequences of five commands.

    The last two commands of each sequence are checked. Sequences share their first three with a few others, whose
    folder is copied. No folder has neighbors, in which a session would look for the times of trials.
    """
    monkeypatch.setattr("os.fsync", lambda file: None)
    versions = collect_provenance({}, {})
    monkeypatch.setattr(session_run, "collect_provenance", lambda *_: versions)
    pool = [command(random.Random(number)) for number in range(40)]
    alone = {}

    def answer(number, root):
        outcome = ask(pool[number], results_dir=root).outcome
        return repr(replace(outcome.run.judge(), second_look="")), rows(outcome.folder)  # repr: NaN is NaN

    def check(beginnings, endings):
        for beginning in beginnings:
            first = random.Random(beginning).choices(range(len(pool)), k=3)
            shared = tmp_path / f"shared-{beginning}"
            for number in first:
                ask(pool[number], results_dir=shared)
            for ending in range(endings):
                root = tmp_path / f"five-{beginning}-{ending}"
                shutil.copytree(shared, root)
                sequence = [*first, *random.Random(f"{beginning} {ending}").choices(range(len(pool)), k=2)]
                for place, number in enumerate(sequence[3:], start=4):
                    if number not in alone:
                        alone[number] = answer(number, tmp_path / f"one-{number}")
                    told = [pool[each] for each in sequence[:place]]
                    assert answer(number, root) == alone[number], told
                read = RunFolder(root / "run")
                assert repr(replace(read.judge(), second_look="")) == alone[number][0], told

    return check


@pytest.mark.slow
def test_after_any_commands_the_last_one_answers_as_in_an_empty_folder(answers_what_it_asks):
    answers_what_it_asks(range(1), 3)


@pytest.mark.slow
def test_after_many_more_commands_the_last_one_answers_as_in_an_empty_folder(answers_what_it_asks):
    answers_what_it_asks(range(1, 21), 5)


def test_a_command_computes_nothing_the_second_time_whatever_came_between(ask):
    commands = [command(random.Random(number)) for number in range(4)]
    for each in commands:
        ask(each)
    assert [ask(each).ran for each in commands] == [[], [], [], []]
