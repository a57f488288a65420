"""A session with code of the user's own: it travels with the units, and a change of it is a change of provenance."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

import dlbench
from dlbench.errors import DlbenchError
from dlbench.plugins.registry import Registry
from dlbench.sessions import run as session_run
from dlbench.sessions.repeated import recall_code
from dlbench.sessions.replay import open_original, plan_replay
from dlbench.trials.work_unit import WorkUnit

CODE = "class Swish:\n    def __init__(self, beta=1.0): ...\n"
EXPERIMENT = """\
schema = 1
title = "Mine"
seeds = 2
[settings]
device = "cpu"
[axes]
activation = ["relu", "./acts.py:Swish"]
"""


@pytest.fixture
def place(session, executor, tmp_path, monkeypatch):
    """A folder with code, in which sessions run with an executor that keeps their units."""
    used = executor()
    monkeypatch.setattr(session_run, "build_executor", lambda *_: used)
    monkeypatch.setenv("DLBENCH_PLUGINS", "")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "acts.py").write_text(CODE)
    return SimpleNamespace(path=tmp_path, executor=used)


def compare(**options):
    return dlbench.compare(activation=["relu", "./acts.py:Swish"], seeds=2, device="cpu", name="run", **options)


def test_code_travels_with_the_units_as_json(place):
    found = compare()
    assert list(found.trials["activation"].unique()) == ["standard/relu", "acts.py/Swish"]
    for unit in place.executor.units:
        read = WorkUnit.from_json(json.loads(json.dumps(unit.to_json())))
        assert [code.files for code in read.user_code] == [{"acts.py": CODE}]
        assert unit.provenance["plugins"]["acts.py"] == read.user_code[0].digest


def test_the_same_code_computes_nothing_and_edited_code_is_named(place):
    compare()
    count = len(place.executor.units)
    compare()
    assert len(place.executor.units) == count
    (place.path / "acts.py").write_text(CODE + "# edited\n")
    with pytest.raises(DlbenchError, match=r"2 results .* another provenance: the code of acts\.py"):
        compare()
    compare(redo_stale=True)
    assert [unit.trials[0].activation.short for unit in place.executor.units[count:]] == ["Swish", "Swish"]


@pytest.mark.parametrize("written", ["Swish", "./acts.py:Swish", "acts.py/Swish"])
def test_a_baseline_is_named_as_the_component_is(place, written):
    assert compare(baseline=written).plan.baseline == "Swish"


def test_an_experiment_names_code_beside_it_and_its_run_is_read_without_it(place, monkeypatch):
    (place.path / "papers").mkdir()
    (place.path / "acts.py").rename(place.path / "papers" / "acts.py")
    file = place.path / "papers" / "mine.toml"
    file.write_text(EXPERIMENT)
    dlbench.run(file)
    (place.path / "papers" / "acts.py").unlink()
    folder = place.path / "results" / "mine"
    (folder / "acts.py").write_text("raise SystemExit('not read')")
    found = dlbench.load_results(folder)
    assert not [note for note in found.notes if "instead of" in note]  # how the run deviates
    assert len(found.sentences) == 1


def test_a_run_is_replayed_with_code_that_ran_here_alone(place, tmp_path):
    compare(data_dir=tmp_path / "data")
    original = open_original(str(place.path / "results" / "run"), tmp_path)
    (original.path / "acts.py").write_text(CODE)  # a stranger's folder may bring anything
    registry = Registry.load()
    recall_code(original.manifest, registry, tmp_path / "data", session_run.Config())
    with pytest.raises(DlbenchError, match=r"has not run here: acts\.py .* never brings code"):
        plan_replay(original, "again", tmp_path, registry)


def test_no_dlbench_toml_brings_code(place):
    Path("dlbench.toml").write_text('[settings]\nactivation = "./acts.py:Swish"\n')
    with pytest.raises(DlbenchError, match="activation names code of your own"):
        dlbench.compare(model=["mlp", "linear"])


def test_what_takes_names_alone_says_which_take_code(place):
    with pytest.raises(DlbenchError, match=r"loss takes no code of your own, such as 'len'[\s\S]*model, activation"):
        dlbench.compare(loss=len)
