"""A comparison of tuned variants from beginning to end, in one process."""

import csv
import json
import math
import threading

import pytest

from dlbench import load_results
from dlbench.errors import DlbenchError
from dlbench.plans.tuning import Tune
from dlbench.runs.folder import RunFolder
from dlbench.sessions.confirm import plan_confirmation
from dlbench.statistics.seeds import AutoSeeds

RATES = {"relu": 0.004, "tanh": 0.02}


def best_at(trial):
    """Return a validation accuracy that is highest at the learning rate of the trial's activation."""
    wanted = RATES[trial.activation.name.rpartition("/")[2]]
    return 0.9 - abs(math.log10(trial.settings.learning_rate / wanted)) / 10


@pytest.fixture
def tuned(session, executor):
    def run(budget="8", studies=0, runner=None, diagnostics=(), **given):
        runner = runner or executor(validation=best_at)
        tune = Tune(ranges=("learning-rate=log:1e-4..1e-1",), budget=budget, studies=studies)
        given = {"seeds": 6, **given} if not studies else {"seeds": None, **given}
        return session(executor=runner, request={"tune": tune, "diagnostics": diagnostics}, **given)

    return run


def manifest(done):
    return json.loads((done.outcome.folder / "manifest.json").read_text())


def rows(done):
    with (done.outcome.folder / "trials.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def ran(done):
    return [(unit.trials[0].role, unit.trials[0].seed) for unit in done.executor.units]


def test_a_search_precedes_the_comparison_whose_variants_have_their_own_best(tuned):
    done = tuned()
    roles = [role for role, _ in ran(done)]
    assert roles == ["tuning"] * 16 + ["evaluation"] * 12
    used = {row["activation"]: float(row["learning_rate"]) for row in rows(done) if row["role"] == "evaluation"}
    points = {float(row["learning_rate"]) for row in rows(done) if row["role"] == "tuning"}
    for activation, rate in RATES.items():
        nearest = min(points, key=lambda point: abs(math.log10(point / rate)))
        assert used[f"standard/{activation}"] == nearest


def test_a_tuning_trial_has_no_test_figures_in_any_file(tuned):
    done = tuned()
    searched = {row["trial_id"] for row in rows(done) if row["role"] == "tuning"}
    assert all(not row["test_accuracy"] for row in rows(done) if row["trial_id"] in searched)
    for path in done.outcome.folder.glob("*.csv"):
        if path.name == "confusion.csv":
            assert not any(trial_id in path.read_text() for trial_id in searched)


def test_the_same_command_again_computes_nothing_and_a_larger_budget_only_what_is_new(tuned):
    tuned(budget="4")
    assert tuned(budget="4").ran == []
    more = tuned(budget="8")
    assert [role for role, _ in ran(more)].count("tuning") == 8
    plans = [each["plan"] for each in manifest(more)["comparisons"] if "plan" in each]
    assert [plan["tuning"]["budget"] for plan in plans] == [4]


def test_of_a_tuned_comparison_the_trials_that_lack_diagnostics_are_said_and_a_search_lacks_none(tuned):
    tuned()
    more = tuned(diagnostics=("saturation,last",))
    assert {role for role, _ in ran(more)} == {"evaluation"}
    (said,) = [note for note in more.display.notes if "some of the diagnostics" in note]
    assert said == "12 trials of the folder lack some of the diagnostics: computed again, to the same numbers."
    again = tuned(diagnostics=("saturation,last",))
    assert (again.ran, again.display.notes) == ([], [])


def test_a_larger_budget_says_that_the_choice_was_made_anew_and_whose_values_changed(tuned):
    assert not any("anew" in note for note in tuned(budget="2").display.notes)
    before, more = manifest(tuned(budget="2"))["plan"]["tuning"], tuned(budget="8")
    after = manifest(more)["plan"]["tuning"]

    def chosen(record, label):
        search = record["searches"][0]
        return search["candidates"][label][search["chosen"][label]]["values"]

    changed = [label for label in RATES if chosen(before, label) != chosen(after, label)]
    said = f"among 8 points each instead of 2: other values for {' and '.join(changed)}."
    assert changed
    assert f"The choice was made anew, {said}" in more.display.notes


def test_a_confirmation_searches_nothing_and_says_how_its_variants_were_tuned(tuned, executor, run_again, registry):
    first, own = tuned(), executor(validation=best_at)
    again = run_again(plan_confirmation(RunFolder(first.outcome.folder), None, registry), own)
    assert {unit.trials[0].role for unit in own.units} == {"evaluation"}
    read = load_results(again.folder)
    for found in (first.outcome.run.judge().families[0], again.run.judge().families[0], read):
        assert found.sentences
        assert all(text.startswith("At the best of 8 learning rates each, chosen on ") for text in found.sentences)
    assert again.run.judge().tuning is None  # its search is in the other folder


def test_a_search_does_not_count_as_a_comparison_that_has_grown(tuned, executor):
    stopped = tuned(seeds=AutoSeeds(6, 20), runner=executor(validation=best_at, stop_after=20))
    assert [role for role, _ in ran(stopped)].count("evaluation") == 4
    assert len(RunFolder(stopped.outcome.folder).plan.seeds) == stopped.outcome.plan.interim_analyses[0]


def test_force_computes_a_tuned_variant_again_and_not_its_search(tuned):
    first = tuned()
    assert ran(tuned(force=("relu",))) == [("evaluation", seed) for seed in range(6)]
    last = first.outcome.records[-1]
    assert ran(tuned(force=(last.trial_id,))) == [("evaluation", last.trial.seed)]
    with pytest.raises(DlbenchError, match="no variant and no trial 'rellu'") as caught:
        tuned(force=("rellu",))
    assert "relu" in caught.value.hint
    assert "learning rate" not in caught.value.hint


def test_force_of_a_variant_that_is_yet_to_be_tuned_is_no_error(tuned):
    assert len(tuned(force=("relu",)).ran) == 28


def test_more_seeds_are_evaluated_at_what_was_chosen(tuned):
    tuned()
    more = tuned(seeds=9)
    assert ran(more) == [("evaluation", seed) for seed in (6, 6, 7, 7, 8, 8)]


@pytest.mark.parametrize("more", [{}, {"diagnostics": ("saturation,last",), "step_losses": True}])
def test_reuse_takes_a_search_and_then_the_comparison_of_what_it_chose(tuned, more):
    first = tuned(name="first", **more)
    done = tuned(name="second", reuse=True, **more)
    assert (done.ran, done.outcome.reused) == ([], 28)
    assert [note for note in done.display.notes if "taken" in note] == [
        "16 trials taken from first, of the same versions.",
        "12 trials taken from first, of the same versions.",
    ]
    assert manifest(done)["sessions"][0]["reused"] == {"first": 28}
    assert manifest(done)["plan"]["tuning"] == manifest(first)["plan"]["tuning"]


def test_reuse_with_weights_takes_a_search_which_has_none_and_computes_what_lacks_them(tuned):
    first = tuned(name="first")
    weights = first.outcome.folder / "weights"
    weights.mkdir()
    kept = [row["trial_id"] for row in rows(first) if row["role"] == "evaluation"][:5]
    for trial_id in kept:
        (weights / f"{trial_id}.pt").write_bytes(b"weights")
    done = tuned(name="second", reuse=True, save_weights=True)
    assert (len(done.ran), {role for role, _ in ran(done)}, done.outcome.reused) == (7, {"evaluation"}, 21)
    assert {path.stem for path in (done.outcome.folder / "weights").iterdir()} == set(kept)
    assert not any("could not be saved" in note for note in done.display.notes)


@pytest.mark.parametrize("after", [1, 7, 15, 16, 17, 27])
def test_an_interrupted_search_goes_on_and_ends_with_the_same_choices(tuned, executor, after):
    whole = manifest(tuned(name="whole"))["plan"]["tuning"]
    interrupted = tuned(runner=executor(validation=best_at, stop_after=after), stop=threading.Event())
    assert interrupted.outcome.exit_code == 130
    assert len(ran(interrupted)) == after
    again = tuned()
    assert len(ran(again)) == 28 - after
    assert manifest(again)["plan"]["tuning"] == whole


def test_a_choice_stays_once_it_is_made_whatever_is_measured_later(tuned, executor):
    first = tuned()
    chosen = manifest(first)["plan"]["tuning"]
    turned = tuned(runner=executor(validation=lambda trial: 1 - best_at(trial)), seeds=8)
    assert manifest(turned)["plan"]["tuning"] == chosen


def test_a_point_that_fails_is_tried_once_more_before_anything_is_chosen_without_it(tuned, executor):
    def runner():
        return executor(
            validation=best_at, fails=lambda trial: trial.role == "tuning" and trial.settings.learning_rate > 0.03
        )

    first = tuned(runner=runner())
    assert (first.outcome.exit_code, {role for role, _ in ran(first)}) == (1, {"tuning"})
    assert not manifest(first)["plan"]["tuning"]["searches"][0]["chosen"]
    assert any("run the same command again" in note for note in first.display.notes)
    second = tuned(runner=runner())
    assert [role for role, _ in ran(second)].count("tuning") == 2
    assert manifest(second)["plan"]["tuning"]["searches"][0]["chosen"]
    assert any("points failed" in warning for warning in second.outcome.run.judge().tuning.warnings)
    assert tuned(runner=runner()).ran == []


def test_a_point_that_failed_once_is_chosen_where_it_succeeds_and_is_the_best(tuned, executor):
    whole = manifest(tuned(name="whole"))["plan"]["tuning"]
    tuned(runner=executor(validation=best_at, fails=lambda trial: trial.role == "tuning"))
    assert manifest(tuned())["plan"]["tuning"] == whole


def test_where_every_point_diverges_the_result_says_so_and_nothing_is_lost_or_computed_again(tuned, executor):
    def runner():
        return executor(validation=lambda trial: 0.1, accuracy=lambda trial: 0.1, diverges=lambda trial: True)

    done = tuned(runner=runner())
    assert (done.outcome.exit_code, len(rows(done))) == (0, 28)
    judged = done.outcome.run.judge()
    assert (
        judged.families[0]
        .sentences[0]
        .startswith(
            "At the best of 8 learning rates each (none of relu and tanh could be trained), chosen on validation"
        )
    )
    assert [warning.partition(":")[0] for warning in judged.tuning.warnings] == ["relu", "tanh"]
    assert {row["learning_rate"] for row in rows(done) if row["role"] == "evaluation"} == {"0.001"}
    assert tuned(runner=runner()).ran == []


def test_one_variant_that_always_diverges_leaves_the_others_their_choices(tuned, executor):
    lost = executor(validation=best_at, diverges=lambda trial: trial.activation.short == "tanh")
    whole, part = (
        manifest(tuned(name=name, runner=each))["plan"]["tuning"]["searches"][0]["chosen"]
        for name, each in (("whole", None), ("part", lost))
    )
    assert (part["relu"], part["tanh"]) == (whole["relu"], 0)


def test_a_smaller_budget_computes_no_point_and_chooses_among_the_first(tuned):
    tuned()
    fewer = tuned(budget="4")
    assert "tuning" not in [role for role, _ in ran(fewer)]
    assert fewer.outcome.run.judge().tuning.record.budget == 4


def test_a_search_in_time_goes_on_where_more_time_is_given(tuned, executor):
    def runner():
        return executor(validation=best_at, seconds=0.5)

    tuned(budget="3s", runner=runner())
    more = tuned(budget="5s", runner=runner())
    assert [role for role, _ in ran(more)].count("tuning") == 4
    assert manifest(more)["plan"]["tuning"]["budget"] == 5


def test_the_choices_are_in_the_manifest_before_anything_is_evaluated(tuned, executor, tmp_path):
    seen = []

    def look(count):
        plan = json.loads((tmp_path / "run" / "manifest.json").read_text())["plan"]
        seen.append(bool(plan["tuning"]["searches"][0]["chosen"]))

    tuned(runner=executor(validation=best_at, before=look))
    assert seen == [False] * 16 + [True] * 12


def test_a_search_in_time_ends_with_the_point_that_spends_it(tuned, executor):
    done = tuned(budget="5s", runner=executor(validation=best_at, seconds=0.5))
    assert [role for role, _ in ran(done)].count("tuning") == 10
    assert manifest(done)["plan"]["tuning"]["budget"] == 5
    assert tuned(budget="5s", runner=executor(validation=best_at, seconds=0.5)).ran == []


def test_studies_judge_the_procedure_with_one_seed_each(tuned):
    done = tuned(studies=6, budget="4")
    evaluated = [row for row in rows(done) if row["role"] == "evaluation" and row["activation"] == "standard/relu"]
    assert sorted(int(row["seed"]) for row in evaluated) == list(range(6))
    assert len({row["learning_rate"] for row in evaluated}) > 1
    (family,) = done.outcome.run.judge().families
    assert {comparison.n for comparison in family.comparisons} == {6}
    assert family.sentences[0].startswith(
        "As tuned by this procedure (the best of 4 learning rates in each of 6 searches)"
    )
    assert tuned(studies=6, budget="4").ran == []


def test_verdicts_say_how_the_variants_were_tuned(tuned):
    judged = tuned().outcome.run.judge()
    (family,) = judged.families
    assert family.sentences[0].startswith(
        "At the best of 8 learning rates each, chosen on validation with other seeds, "
    )
    assert judged.advice == ""


def test_an_untuned_comparison_of_activations_names_what_would_be_fairer(session):
    assert "--tune learning-rate" in session(seeds=6).outcome.run.judge().advice
