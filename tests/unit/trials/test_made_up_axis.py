"""A component axis is one entry of a table: all lists of axes derive from it, and recorded trials keep their identity.

The axis is added to the table in a program of its own, before anything else of dlbench is imported.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from dlbench.plans.build import build
from dlbench.plans.plan import Request

ROOT = Path(__file__).parents[3]
ADD_AXIS = """
import dlbench.components.axes as table
from types import MappingProxyType

teacher = table.Axis(
    name="teacher", kind="models", default="none", help="Teachers.", meaning="The teacher.", absent="none"
)
table.AXES = MappingProxyType({**table.AXES, "teacher": teacher})
"""
MAIN = "from dlbench.cli.main import main; main()"


@pytest.fixture
def with_teacher(tmp_path, monkeypatch):
    """Run a program in which the trials have a teacher; returns what it prints."""
    monkeypatch.setenv("DLBENCH_PLUGINS", "")
    monkeypatch.setenv("COLUMNS", "200")

    def run(program, *arguments):
        command = [sys.executable, "-c", ADD_AXIS + program, *arguments]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def dry_run(run, *options):
    return json.loads(run(MAIN, "compare", "--model", "linear", "--seeds", "2", "--dry-run", "--json", *options))


def test_every_recorded_trial_keeps_its_identity(with_teacher):
    program = """
import json, sys
from pathlib import Path
from dlbench import Trial

for path in Path(sys.argv[1]).glob("*/journal/*.jsonl"):
    for line in path.read_bytes().splitlines():
        content = json.loads(line)
        trial = Trial.from_json(content["trial"])
        print(trial.trial_id == content["trial_id"], "teacher" in trial.to_json(), trial.row()["teacher"])
"""
    answers = with_teacher(program, str(ROOT / "results")).splitlines()
    assert len(answers) > 1000
    assert set(answers) == {"True False none"}


def test_a_comparison_without_the_axis_keeps_its_folder(with_teacher, registry):
    document = dry_run(with_teacher)
    request = Request(values={"model": ("linear",)}, seeds=2)
    assert document["folder"] == f"results/{build(request, registry).name}"
    assert document["fixed"]["teacher"] == "none"


def test_a_run_folder_from_before_the_axis_can_be_extended(with_teacher):
    program = """
from dataclasses import replace
from dlbench.plans.extend import extend_plan
from dlbench.plans.plan_record import PlanRecord

old = PlanRecord(fixed={"epochs": "1"}, axes={}, variants=(), seeds=(0,), baseline="")
print(list(extend_plan(old, replace(old, fixed={"epochs": "1", "teacher": "none"}, seeds=(1,))).seeds))
"""
    assert json.loads(with_teacher(program)) == [0, 1]


def test_its_components_make_variants(with_teacher):
    document = dry_run(with_teacher, "--teacher", "none,mlp:hidden=32")
    assert document["axes"] == {"teacher": ["none", "mlp:hidden=32"]}
    assert document["variants"] == ["none", "mlp:hidden=32"]
    assert document["trials"] == 4


@pytest.mark.slow
def test_variants_experiments_and_configuration_files_accept_it(with_teacher, tmp_path):
    document = dry_run(with_teacher, "--variant", "label=taught;teacher=mlp", "--variant", "label=alone;teacher=none")
    assert document["variants"] == ["taught", "alone"]
    (tmp_path / "taught.toml").write_text(
        'schema = 1\ntitle = "Taught"\nseeds = 2\n[settings]\nmodel = "linear"\n[axes]\nteacher = ["none", "mlp"]\n',
        encoding="utf-8",
    )
    assert json.loads(with_teacher(MAIN, "run", "taught.toml", "--dry-run", "--json"))["variants"] == ["none", "mlp"]
    (tmp_path / "dlbench.toml").write_text('[settings]\nteacher = "mlp"\n', encoding="utf-8")
    assert dry_run(with_teacher)["fixed"]["teacher"] == "standard/mlp"


def test_a_selected_teacher_is_part_of_the_identity_and_survives_json(with_teacher, registry):
    program = """
import json
from dlbench import Trial
from dlbench.plans.build import build
from dlbench.plans.plan import Request
from dlbench.plugins.registry import Registry

request = Request(values={"model": ("linear",), "teacher": ("none", "mlp")}, seeds=1)
alone, taught = build(request, Registry.load()).trials
back = Trial.from_json(json.loads(json.dumps(taught.to_json())))
print(json.dumps([alone.variant_id, taught.variant_id, back.variant_id]))
print(json.dumps([back == taught, taught.components["teacher"].name, taught.row()["teacher"]]))
"""
    identities, answers = map(json.loads, with_teacher(program).splitlines())
    request = Request(values={"model": ("linear",)}, seeds=1)
    assert identities[0] == build(request, registry).trials[0].variant_id
    assert identities[1] == identities[2] != identities[0]
    assert answers == [True, "standard/mlp", "standard/mlp"]


def test_its_column_follows_the_other_components(with_teacher):
    program = """
from dlbench.runs.tables import TABLE_DEFINITIONS

columns = TABLE_DEFINITIONS["trials"].columns
print(*columns[columns.index("model") :][:6])
"""
    assert with_teacher(program).split() == ["model", "activation", "dataset", "scheduler", "optimizer", "teacher"]


@pytest.mark.slow
def test_its_option_is_in_the_help_and_completes(with_teacher, monkeypatch):
    assert "--teacher" in with_teacher(MAIN, "compare", "--help")
    monkeypatch.setenv("_DLBENCH_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", "dlbench\ncompare\n--teacher\nlin")
    monkeypatch.setenv("COMP_CWORD", "3")
    assert "linear" in with_teacher("import sys; sys.argv = ['dlbench']\n" + MAIN).split()


def test_the_reference_documents_its_default_and_its_column(with_teacher):
    program = """
import sys
sys.path.insert(0, sys.argv[1])
from column_meanings import COLUMNS
from hook_reference import settings_page

print(COLUMNS["teacher"])
print(settings_page())
"""
    meaning, _, page = with_teacher(program, str(ROOT / "docs" / "generators")).partition("\n")
    assert meaning == "The teacher."
    assert "| `teacher` | `none` | `dlbench list models` |" in page
