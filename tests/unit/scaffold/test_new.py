"""`dlbench plugins new`: what it writes, and what it refuses. tests/integration/test_new_plugins.py installs it."""

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from dlbench.components import records as components
from dlbench.scaffold.project import KINDS, Project, version_range


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_plugin_has_everything_a_distribution_needs(dlbench, tmp_path: Path, kind: str) -> None:
    done = dlbench("plugins", "new", "two-words", "--kind", kind)
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "dlbench-two-words"
    written = {Path(line) for line in done.stdout.splitlines()}
    assert {path.relative_to(tmp_path) for path in folder.rglob("*") if path.is_file()} == written
    package = folder / "src" / "dlbench_two_words"
    needed = ["pyproject.toml", "README.md", "LICENSE", "tests/test_dlbench_two_words.py"]
    assert all((folder / name).is_file() for name in needed)
    assert (package / "experiments" / "two-words.toml").is_file()
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    assert project["entry-points"]["dlbench"] == {"two-words": "dlbench_two_words.plugin"}
    assert "pip install --editable" in done.stderr


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["snake", "none", "import", "torch", "two-words"])
def test_whatever_its_name_the_python_in_it_is_python(kind: str, name: str) -> None:
    for path, text in Project(name, kind).files():
        assert "{{" not in text
        assert "{%" not in text
        if path.endswith(".py"):
            ast.parse(text, path)
        if path.endswith(".toml"):
            tomllib.loads(text)


def test_what_is_written_is_laid_out_as_our_own_code(tmp_path: Path) -> None:
    for kind in KINDS:
        for path, text in Project(kind, kind).files():
            target = tmp_path / kind / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
    ruff = [sys.executable, "-m", "ruff"]
    settings = ["--isolated", "--no-cache", "--target-version", "py311", "--line-length", "120"]
    rules = ["--select", "A,B,C4,D,E,F,N,PIE,PT,RET,RUF,SIM,UP,W", "--ignore", "D105,D107,D203,D213,RUF001,RUF002"]
    subprocess.run(
        [*ruff, "format", "--isolated", "--no-cache", "--line-length", "120", "--check", tmp_path], check=True
    )
    subprocess.run([*ruff, "check", *settings, *rules, tmp_path], check=True)


def test_the_activation_is_the_tutorials_snake() -> None:
    page = (Path(__file__).parents[3] / "docs" / "tutorial" / "first-plugin.md").read_text(encoding="utf-8")
    files = dict(Project("snake", "activation").files())
    formula = "return x + torch.sin(self.a * x) ** 2 / self.a"
    assert formula in page
    assert formula in files["src/dlbench_snake/activations.py"]
    assert 'summary="x + sin²(ax)/a"' in page
    assert 'summary="x + sin²(ax)/a"' in files["src/dlbench_snake/plugin.py"]


#: What the text of a claim says by each relation, of two variants and no more.
WORDS = {">": ("more accurate", "faster", "surer", "helps", "learns from"), "≈": ("as accurate as", "makes up for")}


@pytest.mark.parametrize("kind", KINDS)
def test_the_text_of_a_claim_says_what_its_relation_tests(kind: str) -> None:
    (source,) = (text for path, text in Project("mine", kind).files() if path.endswith("experiments/mine.toml"))
    for claim in tomllib.loads(source)["claims"]:
        (sign,) = (each for each in claim["relation"] if each in "<>≈")
        assert any(words in claim["text"] for words in WORDS[sign])
        assert not any(words in claim["text"] for words in ("no worse", "both", "all others", "at least"))


def test_every_kind_of_component_has_a_template() -> None:
    assert {kind for kind in KINDS.values() if kind} == {*components.KINDS}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["Snake"], ["'Snake' is not a valid plugin name", "Perhaps snake?"]),
        (["MySnake"], ["Perhaps my-snake?"]),
        (["my_snake"], ["Perhaps my-snake?"]),
        (["1snake"], ["not a valid plugin name", "Perhaps snake?"]),
        (["snake-"], ["not a valid plugin name"]),
        (["a--b"], ["not a valid plugin name"]),
        (["dlbench-"], ["not a valid plugin name"]),
        (["../snake"], ["not a valid plugin name"]),
        (["standard"], ["already a plugin standard"]),
        (["relu"], ["standard/relu is there already"]),
        (["lenet5", "--kind", "model"], ["foundations/lenet5 is there already"]),
        (["local", "--kind", "executor"], ["standard/local is there already"]),
        (["snake", "--kind", "activaton"], ["no template for 'activaton'", "Did you mean activation"]),
    ],
)
def test_a_name_that_will_not_do_is_refused_and_nothing_is_written(dlbench, tmp_path: Path, arguments, words) -> None:
    done = dlbench("plugins", "new", *arguments, columns=200)
    assert done.returncode == 2
    assert all(word in done.stderr for word in words), done.stderr
    assert list(tmp_path.iterdir()) == []


def test_an_installed_plugins_name_is_taken_broken_or_not(dlbench, install) -> None:
    install("snake", "1 / 0", distribution="somebodys-snake")
    done = dlbench("plugins", "new", "snake", columns=200)
    assert done.returncode == 2
    assert "already a plugin snake (in somebodys-snake)" in done.stderr


def test_an_existing_folder_is_left_alone(dlbench, tmp_path: Path) -> None:
    (tmp_path / "dlbench-snake").mkdir()
    (tmp_path / "dlbench-snake" / "mine.txt").write_text("keep")
    done = dlbench("plugins", "new", "snake", columns=200)
    assert done.returncode == 2
    assert "nothing was written" in done.stderr
    assert [path.name for path in (tmp_path / "dlbench-snake").iterdir()] == ["mine.txt"]


def test_it_is_made_where_one_says_and_the_distributions_name_will_do(dlbench, tmp_path: Path) -> None:
    done = dlbench("plugins", "new", "dlbench-snake", "--directory", "plugins")
    assert done.returncode == 0
    assert (tmp_path / "plugins" / "dlbench-snake" / "pyproject.toml").is_file()


def test_a_place_that_cannot_be_written_is_an_error_for_people(dlbench, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    done = dlbench("plugins", "new", "snake", "--directory", "file", columns=200)
    assert done.returncode == 2
    assert "--directory" in done.stderr


@pytest.mark.parametrize(
    ("core", "accepted", "refused"),
    [("0.1.0", ["0.1.0", "0.1.9", "0.2.0"], ["0.0.9", "0.3.0"]), ("1.4.2", ["1.4.0", "1.5.1"], ["1.3.9", "1.6.0"])],
)
def test_a_new_plugin_takes_this_minor_version_and_the_next(core: str, accepted, refused) -> None:
    specifier = Requirement(f"dlbench{version_range(core)}").specifier
    assert all(Version(version) in specifier for version in accepted)
    assert not any(Version(version) in specifier for version in refused)
