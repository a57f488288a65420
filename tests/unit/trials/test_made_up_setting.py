"""A setting is one field of a table: all lists of settings derive from it, and recorded trials keep their identity.

The field is added to the source of the table in a program of its own, before anything else of dlbench is imported.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from dlbench.plans.build import build
from dlbench.plans.plan import Request

ROOT = Path(__file__).parents[3]
ADD_SETTING = """
import sys
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

source = Path(find_spec("dlbench.trials.settings").origin).read_text(encoding="utf-8")
field = 'warmth: float = _setting(0.5, "Made up.", minimum=0, shrinks=True)'
source = source.replace("    learning_rate: float", f"    {field}\\n    learning_rate: float")
source = source.replace('{"fused": False', '{"warmth": 0.0, "fused": False')
module = sys.modules["dlbench.trials.settings"] = ModuleType("dlbench.trials.settings")
exec(source, module.__dict__)
"""
MAIN = "from dlbench.cli.main import main; main()"


@pytest.fixture
def with_warmth(tmp_path, monkeypatch):
    """Run a program in which the trials have a setting more; returns what it prints."""
    monkeypatch.setenv("DLBENCH_PLUGINS", "")
    monkeypatch.setenv("COLUMNS", "200")

    def run(program, *arguments):
        command = [sys.executable, "-c", ADD_SETTING + program, *arguments]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def dry_run(run, *options):
    return json.loads(run(MAIN, "compare", "--model", "linear", "--seeds", "2", "--dry-run", "--json", *options))


def test_every_recorded_trial_keeps_its_identity(with_warmth):
    program = """
import json
from dlbench import Trial

for path in Path(sys.argv[1]).glob("*/journal/*.jsonl"):
    for line in path.read_bytes().splitlines():
        content = json.loads(line)
        trial = Trial.from_json(content["trial"])
        print(trial.trial_id == content["trial_id"], trial.settings.warmth)
"""
    answers = with_warmth(program, str(ROOT / "results")).splitlines()
    assert len(answers) > 1000
    assert set(answers) == {"True 0.0"}


@pytest.mark.slow
def test_a_comparison_at_the_value_from_before_keeps_its_folder(with_warmth, registry):
    before = build(Request(values={"model": ("linear",)}, seeds=2), registry).name
    assert dry_run(with_warmth, "--warmth", "0")["folder"] == f"results/{before}"
    assert dry_run(with_warmth)["folder"] != f"results/{before}"


@pytest.mark.slow
def test_it_is_an_axis_on_the_command_line_and_in_files(with_warmth, tmp_path):
    assert dry_run(with_warmth, "--warmth", "0.5,1")["axes"] == {"warmth": ["0.5", "1"]}
    experiment = 'schema = 1\ntitle = "Warm"\nseeds = 2\n[settings]\nmodel = "linear"\n[axes]\nwarmth = [0.5, 1]\n'
    (tmp_path / "warm.toml").write_text(experiment, encoding="utf-8")
    assert json.loads(with_warmth(MAIN, "run", "warm.toml", "--dry-run", "--json"))["axes"] == {"warmth": ["0.5", "1"]}
    printed = with_warmth(MAIN, "run", "warm.toml", "--dry-run", "--warmth", "0.1")
    assert "reduced: warmth 0.1 instead of 0.5 and 1" in printed
    (tmp_path / "dlbench.toml").write_text("[settings]\nwarmth = 2\n", encoding="utf-8")
    assert dry_run(with_warmth)["fixed"]["warmth"] == "2"


@pytest.mark.slow
def test_help_reference_and_columns_document_it(with_warmth):
    assert "--warmth" in with_warmth(MAIN, "compare", "--help")
    program = """
sys.path.insert(0, sys.argv[1])
from file_reference import files_page
from hook_reference import settings_page

print(files_page().count("| `warmth` | Made up. |"))
print(settings_page())
"""
    columns, _, page = with_warmth(program, str(ROOT / "docs" / "generators")).partition("\n")
    assert columns == "1"
    assert "| `warmth` | Made up. | a number, at least 0, default 0.5 | `0.5` |" in page
