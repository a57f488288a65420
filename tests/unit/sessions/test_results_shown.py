"""What a result is in Python: short in a line, verdicts and one figure in a notebook, frames that name variants."""

import base64
import re
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

import dlbench
from dlbench.api.notebook_progress import NotebookProgress, in_notebook
from dlbench.api.results import Comparison
from dlbench.errors import DlbenchError
from dlbench.sessions import run as session_run
from dlbench.trials.events import EpochFinished, TrialFinished, TrialStarted
from dlbench.trials.trial_record import TrialRecord

HOSTILE = "<script>alert(1)</script>\u202e\x1b[2J"


@pytest.fixture
def compared(session, executor, tmp_path, monkeypatch):  # `session` replaces what needs a machine
    """Return what a comparison in this process leaves."""
    monkeypatch.setattr(session_run, "build_executor", lambda *_: executor())
    monkeypatch.setenv("DLBENCH_PLUGINS", "")
    monkeypatch.chdir(tmp_path)

    def compare(**asked):
        return dlbench.compare(**{"activation": ["relu", "tanh"], "seeds": 6, "device": "cpu", **asked})

    return compare


def test_a_result_is_one_line_in_a_list_and_its_verdicts_in_print(compared):
    found = compared(name="mine")
    assert repr(found) == "<Comparison mine: relu, tanh; 6 seeds, 12 trials>"
    assert repr([found]) == f"[{found!r}]"
    assert str(found) == "\n".join(found.sentences)
    assert len(str(found)) < 200


def test_many_variants_are_counted(compared):
    found = compared(activation=["relu", "tanh", "gelu", "elu", "selu", "mish"], seeds=1, name="many")
    assert repr(found) == "<Comparison many: relu, tanh, gelu, elu and 2 more; 1 seed, 6 trials>"


def test_combinations_of_a_grid_are_told_apart_in_a_short_repr(make_plan, make_record):
    plan = make_plan(["relu", "tanh"], [0])
    named = [replace(each, label=f"{each.label}, 0.01") for each in plan.variants]
    found = Comparison(Path("grid"), replace(plan, variants=tuple(named)), (make_record(),))
    assert repr(found) == "<Comparison grid: (relu, 0.01), (tanh, 0.01); 1 seed, 1 trial>"


def test_frames_name_the_variant_and_the_seed_of_each_row(compared):
    found = compared()
    for frame in (found.trials, found.epochs):
        named = {(row.variant, row.seed) for row in frame.itertuples()}
        assert named == {(variant, seed) for variant in ("relu", "tanh") for seed in range(6)}
    assert list(found.epochs.columns[:4]) == ["trial_id", "variant", "seed", "epoch"]
    assert list(found.diagnostics.columns[:3]) == ["trial_id", "variant", "seed"]
    assert found.diagnostics.empty


def test_trials_of_a_folder_that_are_in_no_variant_of_the_plan_have_no_label(compared):
    compared(activation=["relu", "gelu"], name="run")
    found = dlbench.load_results(compared(name="run").path)
    labels = found.trials.set_index("activation")["variant"]
    assert labels["standard/gelu"].isna().all()
    assert set(labels["standard/relu"]) == {"relu"}


def test_a_notebook_shows_the_verdicts_and_one_figure(compared):
    shown = compared()._repr_html_()
    for sentence in compared().sentences:
        assert f"<li>{sentence[:1].upper()}{sentence[1:]}</li>" in shown.replace("&lt;", "<")
    (picture,) = re.findall(r'<img src="data:image/png;base64,([^"]+)"', shown)
    assert Image.open(BytesIO(base64.b64decode(picture))).width > 500
    assert "<style" not in shown  # which would be the whole notebook's
    assert "<script" not in shown


def test_text_of_any_origin_stays_text_in_a_notebook(compared):
    hostile = [{"label": '"><script>alert(1)</script>', "epochs": 3}, {"label": "b", "epochs": 4}]
    shown = compared(variants=hostile, activation="relu")._repr_html_()
    assert "alert(1)" in shown
    assert "<script" not in shown
    assert '"><s' not in shown


def test_a_repetition_shows_what_it_found(compared, tmp_path):
    compared(name="run", results_dir=tmp_path)
    again = dlbench.confirm("run", results_dir=tmp_path)
    assert again.found[0] in again._repr_html_().replace("&#39;", "'")
    assert repr(again).startswith("<Repetition run-confirm: relu, tanh;")


def test_a_figure_is_matplotlibs_and_shows_itself(compared):
    figure = compared().plot("final")
    assert figure.axes
    assert Image.open(BytesIO(figure._repr_png_())).format == "PNG"
    assert compared().plot().axes


def test_a_figure_that_cannot_be_says_why(compared):
    with pytest.raises(DlbenchError, match=r"Unknown figure 'confusin'\.\nDid you mean confusion\?"):
        compared().plot("confusin")
    with pytest.raises(DlbenchError, match="The figure steps cannot be drawn"):
        compared().plot("steps")


def test_a_report_is_written_where_it_is_asked_for(compared, monkeypatch):
    monkeypatch.setattr(
        "dlbench.report.html.page.html_report", lambda folder, registry, asked: f"page of {folder.path.name}"
    )
    found = compared(name="run")
    assert found.report() == found.path / "report.html"
    assert found.report("page.html").read_text(encoding="utf-8") == "page of run"


def test_a_report_is_of_its_own_comparison_whatever_was_asked_of_the_folder_since(compared):
    first = compared(activation=["relu", "tanh"], name="run")
    second = compared(activation=["relu", "gelu"], name="run")
    own, later = (found.report(name).read_text(encoding="utf-8") for found, name in ((first, "a"), (second, "b")))
    assert ("tanh" in own, "gelu against" in own) == (True, False)
    assert "gelu" in later


def test_a_notebook_gets_one_output_however_many_trials_there_are(make_record, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")  # as kernels have it
    outputs, updates = [], []
    now = [0.0]

    def show(text):
        outputs.append(text)
        return updates.append

    record = make_record()
    trials = [record.trial.with_seed(seed) for seed in range(300)]
    with NotebookProgress(show, clock=lambda: now[0]) as display:
        display.note(HOSTILE)
        display.started(trials)
        for trial in trials:
            now[0] += 0.01
            display.trial_started(TrialStarted(trial_id=trial.trial_id), "relu")
            display.epoch_finished(EpochFinished(trial_id=trial.trial_id, epoch=1, metrics={}), "relu")
            failed = TrialRecord(trial=trial, status="failed", message=HOSTILE)
            display.trial_finished(TrialFinished(record=failed if trial.seed < 50 else record_of(trial)), "relu")
    assert len(outputs) == 1
    assert len(updates) < 70  # a note for each failure, and one every half a second
    assert "300/300 trials" in updates[-1]
    assert "earlier notes" in updates[-1]
    assert updates[-1].count("\n") < 20
    assert not re.search("<script|\u202e|\x1b", "".join([*outputs, *updates]))


def record_of(trial):
    return TrialRecord(trial=trial, status="done", metrics={"validation_accuracy": 0.5})


def test_this_is_no_notebook():
    assert not in_notebook()
