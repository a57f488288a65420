import csv
import io
import json

import pytest
from typer.testing import CliRunner

from dlbench.cli.commands.results.app import app
from dlbench.errors import DlbenchError
from dlbench.runs.folder import RunFolder
from dlbench.runs.overview import overview


@pytest.fixture
def root(tmp_path, make_record, make_plan, provenance):
    with RunFolder(tmp_path / "activation-digits") as folder:
        folder.start(make_plan(), ["dlbench"], provenance)
        folder.add(make_record("relu", 0))
        folder.add(make_record("tanh", 0, status="failed", message="ValueError: no", metrics={}))
    return tmp_path


@pytest.fixture
def call(root, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.delenv("FORCE_COLOR", raising=False)

    def call(*arguments):
        return CliRunner().invoke(app, [*arguments, "--results-dir", str(root)], catch_exceptions=False)

    return call


def test_a_name_is_whole_however_long_and_columns_give_way(root, call, monkeypatch):
    name = "activation-model-optimizer-scheduler-learning-rate-batch-size-cifar10-abcdef"
    (root / "activation-digits").rename(root / name)
    monkeypatch.setenv("COLUMNS", "80")
    assert name in call("list").stdout.splitlines()[1]


def test_list_describes_each_run(call):
    line = call("list").stdout.splitlines()[1]
    assert line.split()[:6] == ["activation-digits", "1/6,", "1", "failed", "2", "3"]
    assert "digits" in line
    (run,) = json.loads(call("list", "--json").stdout)
    assert (run["planned"], run["done"], run["failed"], run["variants"], run["seeds"]) == (6, 1, 1, 2, 3)
    assert run["dataset"] == "digits"
    assert run["size_bytes"] > 1000
    assert run["started"]


def test_a_list_of_nothing_says_so_beside_the_output(tmp_path, call):
    runner = CliRunner()
    result = runner.invoke(app, ["list", "--results-dir", str(tmp_path / "none")])
    assert (result.exit_code, result.stdout) == (0, "")
    assert "no runs" in result.stderr
    assert json.loads(runner.invoke(app, ["list", "--json", "--results-dir", str(tmp_path / "none")]).stdout) == []


def test_a_damaged_run_is_listed_with_its_problem(root, call):
    (root / "activation-digits" / "manifest.json").write_text("{")
    result = call("list")
    assert "activation-digits" in result.stdout
    assert "cannot be read" in result.stderr
    assert overview(root / "activation-digits").problem


def test_show_prints_the_table_again(call):
    text = call("show", "activation-digits").stdout
    assert "90.00" in text
    assert "tanh: 1 of 1 failed (seed 0): ValueError: no" in text


def test_show_as_json_is_one_document(root, call):
    (journal,) = (root / "activation-digits" / "journal").iterdir()
    with journal.open("a") as file:
        file.write("torn")
    result = call("show", "activation-digits", "--json")
    document = json.loads(result.stdout)
    assert document["name"] == "activation-digits"
    relu, tanh = document["summary"]
    assert relu["metrics"]["validation_accuracy"]["values"] == {"0": 0.9}
    assert tanh["mishaps"][0]["message"] == "ValueError: no"
    assert "line 3" in result.stderr


def test_export_writes_to_standard_output_or_a_file(call, tmp_path):
    rows = list(csv.DictReader(io.StringIO(call("export", "activation-digits").stdout)))
    assert [row["status"] for row in rows] == ["done", "failed"]
    assert list(csv.DictReader(io.StringIO(call("export", "activation-digits", "--output", "-").stdout))) == rows
    file = tmp_path / "epochs.json"
    result = call("export", "activation-digits", "--table", "epochs", "--format", "json", "--output", str(file))
    assert result.stdout == ""
    assert len(json.loads(file.read_text())) == 6


def test_an_export_to_a_missing_folder_is_an_error_with_a_remedy(call, tmp_path):
    with pytest.raises(DlbenchError, match="cannot be written") as caught:
        call("export", "activation-digits", "--output", str(tmp_path / "absent" / "file.csv"))
    assert "--output" in caught.value.hint


def test_an_unknown_run_is_answered_with_the_nearest(call):
    with pytest.raises(DlbenchError) as caught:
        call("show", "activation-digit")
    assert "activation-digits" in caught.value.hint
