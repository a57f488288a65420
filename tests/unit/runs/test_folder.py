import csv
import json
import os
import subprocess
import sys
from dataclasses import replace

import pytest

from dlbench.errors import DlbenchError
from dlbench.plans.extend import check_fixed, extend_plan
from dlbench.plans.plan_record import PlanRecord
from dlbench.runs.folder import RunFolder
from dlbench.runs.provenance import provenance_id

COMMAND = ("dlbench", "compare", "--activation", "relu,tanh")


def _rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_reading_results_imports_nothing_heavy():
    code = (
        "import sys, dlbench.runs.folder, dlbench.runs.export, dlbench.runs.overview\n"
        "import dlbench.cli.commands.results.app\n"
        "print(*({'pandas', 'torch', 'matplotlib', 'numpy'} & set(sys.modules)))"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == ""


def test_opening_a_missing_folder_creates_nothing(tmp_path):
    with RunFolder(tmp_path / "new") as folder:
        assert folder.records == ()
        assert folder.manifest is None
        with pytest.raises(DlbenchError, match=r"no manifest\.json"):
            _ = folder.plan
    assert not (tmp_path / "new").exists()


def test_a_session_leaves_journal_tables_manifest_and_logs(tmp_path, make_record, make_plan, provenance):
    failed = make_record(seed=1, status="failed", message="ValueError: no", log="Traceback …\n")
    with RunFolder(tmp_path / "run") as folder:
        folder.start(make_plan(), COMMAND, provenance)
        folder.add(make_record())
        folder.add(failed)
    path = tmp_path / "run"
    assert {"journal", "manifest.json", "trials.csv", "epochs.csv", "confusion.csv", "comparison.csv", "logs"} == {
        child.name for child in path.iterdir()
    }
    assert (path / "logs" / f"{failed.trial_id}.log").read_text() == "Traceback …\n"
    assert len(list((path / "logs").iterdir())) == 1
    manifest = json.loads((path / "manifest.json").read_text())
    assert (manifest["schema"], manifest["name"]) == (2, "run")
    assert {key: manifest["plan"][key] for key in make_plan()} == make_plan().to_json()
    (session,) = manifest["sessions"]
    assert session["command"] == list(COMMAND)
    assert session["started"] <= session["ended"]
    assert session["provenance_id"] == provenance_id(provenance)
    assert session["versions"]["torch"] == "2.9.0"


def test_rows_are_in_the_tables_as_soon_as_a_trial_ends(tmp_path, make_record):
    folder = RunFolder(tmp_path)
    for seed in range(3):
        folder.add(make_record(seed=seed))
        assert [row["seed"] for row in _rows(tmp_path / "trials.csv")] == [str(each) for each in range(seed + 1)]
        assert len(_rows(tmp_path / "epochs.csv")) == 3 * (seed + 1)


def test_only_done_and_diverged_trials_count_as_completed(tmp_path, make_record):
    statuses = ("done", "diverged", "failed", "vetoed", "timeout", "oom")
    records = [make_record(seed=seed, status=status) for seed, status in enumerate(statuses)]
    with RunFolder(tmp_path) as folder:
        for record in records:
            folder.add(record)
    assert RunFolder(tmp_path).state.completed == {records[0].trial_id, records[1].trial_id}


def test_a_second_session_continues_and_its_record_of_a_trial_wins(tmp_path, make_record, make_plan, provenance):
    with RunFolder(tmp_path) as folder:
        folder.start(make_plan(), COMMAND, provenance)
        folder.add(make_record(seed=0))
        folder.add(make_record(seed=1, status="failed"))
    with RunFolder(tmp_path) as folder:
        folder.start(make_plan(), COMMAND, provenance)
        folder.add(make_record(seed=1, accuracy=0.5))
        folder.add(make_record(seed=2))
    assert len(list((tmp_path / "journal").iterdir())) == 2
    rows = _rows(tmp_path / "trials.csv")
    assert [(row["seed"], row["status"]) for row in rows] == [("0", "done"), ("1", "done"), ("2", "done")]
    assert rows[1]["validation_accuracy"] == "0.5"
    assert len(_rows(tmp_path / "epochs.csv")) == 9
    assert len(RunFolder(tmp_path).manifest.sessions) == 2


def test_a_new_metric_adds_a_column_at_once(tmp_path, make_record):
    folder = RunFolder(tmp_path)
    folder.add(make_record(seed=0))
    folder.add(make_record(seed=1, metrics={"new_metric": 0.25}))
    folder.add(make_record(seed=2, metrics={"new_metric": 0.5}))
    assert [row["new_metric"] for row in _rows(tmp_path / "trials.csv")] == ["", "0.25", "0.5"]


def test_a_killed_session_leaves_tables_that_the_next_one_repairs(tmp_path, make_record, make_plan, provenance):
    killed = RunFolder(tmp_path)
    killed.start(make_plan(), COMMAND, provenance)
    killed.add(make_record(seed=0))
    killed.add(make_record(seed=1))
    text = (tmp_path / "trials.csv").read_text()
    (tmp_path / "trials.csv").write_text(text[: len(text) - 40])  # the power failed while a row was written
    again = RunFolder(tmp_path)
    assert len(again.state.completed) == 2
    again.start(make_plan(), COMMAND, provenance)
    assert (tmp_path / "trials.csv").read_text() == text
    ends = [session["ended"] for session in again.manifest.sessions]
    assert ends == [None, None]


def test_the_tables_of_two_concurrent_sessions_have_the_rows_of_both(tmp_path, make_record):
    one, two = RunFolder(tmp_path), RunFolder(tmp_path)
    one.add(make_record(seed=0))
    two.add(make_record(seed=1, metrics={"only_here": 1.0}))
    one.add(make_record(seed=2))
    two.close()
    one.close()
    assert {row["seed"] for row in _rows(tmp_path / "trials.csv")} == {"0", "1", "2"}
    assert len(one.records) == 3


def test_damaged_lines_are_reported_and_cost_only_their_trial(tmp_path, make_record):
    with RunFolder(tmp_path) as folder:
        folder.add(make_record(seed=0))
        folder.add(make_record(seed=1))
    (journal,) = (tmp_path / "journal").iterdir()
    journal.write_bytes(journal.read_bytes()[:-30])
    folder = RunFolder(tmp_path)
    assert len(folder.records) == 1
    assert len(folder.warnings) == 1


def test_a_folder_that_cannot_be_created_says_what_to_do(tmp_path, make_plan, provenance):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DlbenchError, match="cannot be written") as caught:
        RunFolder(tmp_path / "file" / "run").start(make_plan(), COMMAND, provenance)
    assert "--results-dir" in caught.value.hint
    assert "DLBENCH_RESULTS_DIR" in caught.value.hint


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="needs a folder that its user cannot write to")
def test_a_read_only_folder_says_what_to_do(tmp_path, make_plan, provenance):
    tmp_path.chmod(0o500)
    with pytest.raises(DlbenchError, match="Permission denied"):
        RunFolder(tmp_path / "run").start(make_plan(), COMMAND, provenance)


def test_more_variants_values_and_seeds_extend_a_plan_and_keep_its_order(make_plan):
    old = make_plan(["relu", "tanh"], [0, 1, 2])
    joined = extend_plan(old, make_plan(["gelu", "relu"], [5, 1]))
    assert [variant.label for variant in joined.variants] == ["relu", "tanh", "gelu"]
    assert joined.axes == {"activation": ("relu", "tanh", "gelu")}
    assert joined.seeds == (0, 1, 2, 5)
    assert joined.baseline == "relu"
    assert extend_plan(old, old) == old


def test_other_fixed_settings_are_listed_with_both_values(make_plan):
    old = make_plan()
    new = replace(old, fixed={"dataset": "standard/mnist", "model": "standard/mlp", "batch_size": "64"})
    with pytest.raises(DlbenchError) as caught:
        check_fixed(old, new)
    assert "dataset is standard/digits there and standard/mnist here" in caught.value.message
    assert "epochs is 10 there and varied here" in caught.value.message
    assert "batch_size is varied there and 64 here" in caught.value.message
    assert "model" not in caught.value.message
    assert "--name" in caught.value.hint


def test_a_label_with_a_different_meaning_is_refused(make_plan):
    with pytest.raises(DlbenchError, match="The variant relu is not the one"):
        extend_plan(make_plan(), make_plan(label_smoothing=0.1))


def test_a_variant_of_two_labels_is_refused_as_its_trials_would_count_twice(make_plan):
    old = make_plan(["relu", "tanh"])
    new = replace(old, variants=(old.variants[0], replace(old.variants[1], label="tanh, once more")))
    with pytest.raises(DlbenchError, match="The variant tanh, once more is tanh in the other folder") as caught:
        extend_plan(old, new)
    assert "label" in caught.value.hint


def test_a_refused_plan_writes_nothing(tmp_path, make_plan, provenance):
    with RunFolder(tmp_path) as folder:
        folder.start(make_plan(), COMMAND, provenance)
    before = (tmp_path / "manifest.json").read_text()
    other = replace(make_plan(), fixed={"epochs": "5"})
    with RunFolder(tmp_path) as folder, pytest.raises(DlbenchError):
        folder.start(other, COMMAND, provenance)
    assert (tmp_path / "manifest.json").read_text() == before


def test_a_folder_older_than_a_setting_is_one_where_trials_did_as_before():
    old = PlanRecord(fixed={"epochs": "1"}, axes={}, variants=(), seeds=(0,), baseline="")
    same = replace(old, fixed={"epochs": "1", "fused": "false", "matmul_precision": "highest"})
    assert extend_plan(old, same).seeds == (0,)
    with pytest.raises(DlbenchError, match="fused is false there and true here"):
        extend_plan(old, replace(old, fixed={"epochs": "1", "fused": "true"}))
