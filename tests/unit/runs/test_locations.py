import errno
import shlex
from pathlib import Path

import pytest

from dlbench.errors import DlbenchError
from dlbench.runs.locations import as_argument, list_runs, new_run_path, results_root, run_path


@pytest.fixture
def root(tmp_path):
    for name in ("activation-digits-0a1b2c", "model-mnist-0a1b2c"):
        (tmp_path / name / "journal").mkdir(parents=True)
    (tmp_path / "no-run").mkdir()
    (tmp_path / "README.md").write_text("not a run")
    return tmp_path


def test_the_option_overrides_the_environment_and_that_the_default(monkeypatch):
    monkeypatch.delenv("DLBENCH_RESULTS_DIR", raising=False)
    assert results_root() == Path("results")
    monkeypatch.setenv("DLBENCH_RESULTS_DIR", "elsewhere")
    assert results_root() == Path("elsewhere")
    assert results_root(Path("here")) == Path("here")
    monkeypatch.setenv("DLBENCH_RESULTS_DIR", "")
    assert results_root() == Path("results")


def test_only_run_folders_are_listed(root):
    assert [path.name for path in list_runs(root)] == ["activation-digits-0a1b2c", "model-mnist-0a1b2c"]
    assert list_runs(root / "absent") == ()


@pytest.mark.parametrize("name", ["lost+found", "private-run"])
def test_a_folder_that_may_not_be_looked_into_hides_no_others(root, monkeypatch, name):
    stat = Path.stat

    def refuse(path, **options):  # as it is for all but root
        if path.parent.name == name:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return stat(path, **options)

    (root / name).mkdir()
    monkeypatch.setattr(Path, "stat", refuse)
    assert [path.name for path in list_runs(root)] == ["activation-digits-0a1b2c", "model-mnist-0a1b2c"]
    with pytest.raises(PermissionError):  # which the command says, not that there is no run of that name
        run_path(str(root / name), root)


def test_a_name_is_looked_up_below_the_root(root):
    assert run_path("model-mnist-0a1b2c", root) == root / "model-mnist-0a1b2c"


def test_an_argument_with_a_separator_or_a_leading_dot_is_a_path(root, monkeypatch, tmp_path):
    monkeypatch.chdir(root)
    assert run_path("./model-mnist-0a1b2c", Path("results")).resolve() == root / "model-mnist-0a1b2c"
    assert run_path(str(root / "model-mnist-0a1b2c"), Path("results")) == root / "model-mnist-0a1b2c"
    monkeypatch.chdir(root / "model-mnist-0a1b2c")
    assert run_path(".", Path("results")) == root / "model-mnist-0a1b2c"
    monkeypatch.chdir("journal")
    assert run_path("..", Path("results")).name == "model-mnist-0a1b2c"
    with pytest.raises(DlbenchError, match="no run folder at"):
        run_path("./absent", root)


def test_an_unknown_name_is_answered_with_the_nearest(root):
    with pytest.raises(DlbenchError, match="no run 'model-mnist'") as caught:
        run_path("model-mnist", root)
    assert "model-mnist-0a1b2c" in caught.value.hint


@pytest.mark.parametrize("name", ["", "-x", "_x", "a b", "ä", "a:b", "x\n"])
def test_a_name_with_other_characters_is_refused(tmp_path, name):
    with pytest.raises(DlbenchError, match="Invalid run name"):
        new_run_path(name, tmp_path)


def test_a_new_run_need_not_exist(tmp_path):
    assert new_run_path("A.b_c-1", tmp_path) == tmp_path / "A.b_c-1"


@pytest.mark.parametrize("parent", ["results", "els'where 2", "$HOME"])
def test_a_run_folder_as_it_is_typed_is_found_again_by_a_shell(tmp_path, monkeypatch, parent):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DLBENCH_RESULTS_DIR", raising=False)
    run = Path(parent) / "a"
    (run / "journal").mkdir(parents=True)
    typed = as_argument(run)
    assert (typed == "a") == (parent == "results")
    words = shlex.split(typed)
    assert len(words) == 1
    assert run_path(words[0], Path("results")).resolve() == run.resolve()


def test_the_folder_of_all_runs_may_be_given_from_home(monkeypatch):
    monkeypatch.setenv("HOME", "/home/ada")
    monkeypatch.setenv("DLBENCH_RESULTS_DIR", "~/runs")
    assert results_root() == Path("/home/ada/runs")
