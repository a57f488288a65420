from pathlib import Path

import pytest

from dlbench.errors import DlbenchError
from dlbench.plans.config import Config, load_config
from dlbench.statistics.seeds import AutoSeeds


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "project").mkdir()
    return tmp_path / "project"


@pytest.fixture
def user(tmp_path: Path) -> Path:
    (tmp_path / "user").mkdir()
    return tmp_path / "user"


def write(folder: Path, text: str) -> Path:
    path = folder / "dlbench.toml"
    path.write_text(text, encoding="utf-8")
    return path


def refused(project: Path, user: Path) -> DlbenchError:
    with pytest.raises(DlbenchError) as caught:
        load_config(project, user)
    assert caught.value.hint
    return caught.value


def test_without_files_there_are_no_other_defaults(project: Path, user: Path) -> None:
    assert load_config(project, user) == Config()


def test_a_files_settings_are_texts_as_the_command_line_takes_them(project: Path, user: Path) -> None:
    write(
        project,
        """
        [settings]
        model = "mlp:hidden=32"
        epochs = 5
        learning-rate = 1e-2
        batch_size = 128
        deterministic = true
        augment = "crop,flip"
        """,
    )
    assert load_config(project, user).settings == {
        "model": "mlp:hidden=32",
        "epochs": "5",
        "learning_rate": "0.01",
        "batch_size": "128",
        "deterministic": "true",
        "augment": "crop,flip",
    }


def test_the_projects_lines_win_over_the_users_and_the_others_stay(project: Path, user: Path) -> None:
    write(user, 'results_dir = "/user/results"\ndata_dir = "/user/data"\n[settings]\nepochs = 3\nthreads = 2\n')
    write(project, 'data_dir = "/project/data"\n[settings]\nepochs = 5\n')
    config = load_config(project, user)
    assert config.settings == {"epochs": "5", "threads": "2"}
    assert (config.results_dir, config.data_dir) == (Path("/user/results"), Path("/project/data"))


def test_the_users_file_lies_in_the_platforms_configuration_folder(
    project: Path, user: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dlbench.plans.config.user_config_path", lambda name: user / name)
    (user / "dlbench").mkdir()
    write(user / "dlbench", "[settings]\nepochs = 3\n")
    assert load_config(project).settings == {"epochs": "3"}


def test_folders_are_relative_to_their_file(project: Path, user: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(user)
    write(project, 'results_dir = "runs"\ndata_dir = "../data"\n')
    config = load_config(project, user)
    assert config.results_dir == project / "runs"
    assert config.data_dir is not None
    assert config.data_dir.resolve() == project.parent / "data"


def test_a_folder_below_home_may_be_written_with_a_tilde(
    project: Path, user: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(user))
    write(project, 'results_dir = "~/runs"\n')
    assert load_config(project, user).results_dir == user / "runs"


@pytest.mark.parametrize("text", ["epochs = ", "[settings", "epochs = 1\nepochs = 2", "= 3"])
def test_a_file_that_is_no_toml_is_named_with_the_place(project: Path, user: Path, text: str) -> None:
    path = write(project, text)
    error = refused(project, user)
    assert str(path) in error.message
    assert "TOML" in error.message
    assert "(at " in error.message


def test_a_file_that_is_no_text_is_named(project: Path, user: Path) -> None:
    (project / "dlbench.toml").write_bytes(b"\xff\xfe\x00")
    assert str(project / "dlbench.toml") in refused(project, user).message


@pytest.mark.parametrize(
    ("text", "key", "near"),
    [
        ('result_dir = "x"', "'result_dir'", "results_dir"),
        ("[setting]\nepochs = 3", "'setting'", "settings"),
        ("[settings]\nepoch = 3", "'epoch'", "epochs"),
        ("[settings]\nlearning-rat = 3", "'learning-rat'", "learning_rate"),
        ("[settings]\noptimizr = 'sgd'", "'optimizr'", "optimizer"),
    ],
)
def test_an_unknown_key_is_named_with_its_file_and_the_nearest(
    project: Path, user: Path, text: str, key: str, near: str
) -> None:
    path = write(project, text)
    error = refused(project, user)
    assert str(path) in error.message
    assert key in error.message
    assert f"Did you mean {near}" in error.hint


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("settings = 3", ["settings", "table"]),
        ("[settings]\nepochs = [1, 2]", ["epochs", "one value"]),
        ("[settings.model]\nname = 'mlp'", ["model", "one value"]),
        ("[settings]\nepochs = 0", ["--epochs", "out of range"]),
        ("[settings]\nbatch_size = 'many'", ["--batch-size", "a whole number"]),
        ("[settings]\nvalidation = 'half'", ["--validation"]),
        ("results_dir = 3", ["results_dir", "path"]),
        ("data_dir = true", ["data_dir", "path"]),
    ],
)
def test_a_value_that_a_default_cannot_have_is_named_with_its_file(
    project: Path, user: Path, text: str, words: list[str]
) -> None:
    path = write(user, text)
    error = refused(project, user)
    assert str(path) in error.message
    assert all(word in error.message for word in words)


def test_seeds_criteria_and_the_session_have_defaults_too(project: Path, user: Path) -> None:
    write(user, "seeds = 30\nmargin = 0.1\ntimeout = 60\n")
    write(project, 'seeds = "auto:7..20"\nmetric = "validation_accuracy"\nmargin = 0.5\nalpha = 0.01\njobs = 2\n')
    config = load_config(project, user)
    assert config.seeds == AutoSeeds.parse("auto:7..20")
    assert config.judging == {"metric": "validation_accuracy", "margin": 0.5, "alpha": 0.01}
    assert config.session == {"timeout": 60.0, "jobs": 2}


def test_keys_are_found_however_they_are_spelled(project: Path, user: Path) -> None:
    write(project, 'Results-Dir = "runs"\nnum_seeds = 5\n[settings]\nLR = 0.1\nbs = 32\n')
    config = load_config(project, user)
    assert (config.results_dir, config.seeds) == (project / "runs", 5)
    assert config.settings == {"learning_rate": "0.1", "batch_size": "32"}


def test_what_is_in_force_names_the_file_and_each_value_that_the_command_uses(project: Path, user: Path) -> None:
    path = write(project, 'results_dir = "runs"\nseeds = 5\njobs = 2\n[settings]\nepochs = 3\n')
    config = load_config(project, user)
    assert config.in_force("results_dir") == f"Defaults from {path}: results_dir = {project / 'runs'}"
    assert config.in_force("seeds", "session", "settings").endswith("seeds = 5, jobs = 2, settings.epochs = 3")
    assert config.in_force("data_dir") == ""
    assert load_config(user, user).in_force("results_dir", "seeds", "session", "settings") == ""


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("seeds = 0", ["seeds", "out of range"]),
        ("seeds = 1.5", ["seeds", "a whole number"]),
        ("seeds = 'auto:9..3'", ["auto:9..3"]),
        ("seeds = [1, 2]", ["seeds", "one value"]),
        ("jobs = 0", ["jobs", "out of range"]),
        ("margin = -1", ["margin", "out of range"]),
        ("alpha = 2", ["alpha", "out of range"]),
        ("save_weights = 3", ["save_weights", "true or false"]),
        ("epochs = 3", ["'epochs'"]),
    ],
)
def test_a_wrong_default_of_a_comparison_is_named_with_its_file(
    project: Path, user: Path, text: str, words: list[str]
) -> None:
    path = write(project, text)
    error = refused(project, user)
    assert all(word in error.message for word in (str(path), *words))


@pytest.mark.parametrize(
    ("text", "name", "other"),
    [
        ("Alpha = 0.01\nalpha = 0.05", "alpha", "alpha"),
        ("all-pairs = true\nall_pairs = false", "all_pairs", "all_pairs"),
        ("jobs = 2\nworkers = 3", "jobs", "workers"),
        ("[settings]\nepochs = 3\n[Settings]\nepochs = 4", "settings", "Settings"),
    ],
)
def test_a_key_that_is_given_twice_under_two_spellings_is_refused(
    project: Path, user: Path, text: str, name: str, other: str
) -> None:
    path = write(project, text)
    assert refused(project, user).message == f"{path}: {name} is given twice, once as {other}."


def test_a_setting_at_the_top_of_the_file_is_told_its_place(project: Path, user: Path) -> None:
    write(project, "lr = 3")
    assert "[settings]" in refused(project, user).hint


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_a_file_is_read_in_every_usual_encoding(project: Path, user: Path, encoding: str) -> None:
    (project / "dlbench.toml").write_bytes('results_dir = "ergebnisse-ß"\r\nseeds = 3\r\n'.encode(encoding))
    config = load_config(project, user)
    assert (config.results_dir, config.seeds) == (project / "ergebnisse-ß", 3)
