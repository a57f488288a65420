"""The pages are true: what they show is what happens, and nothing in them is left unrun without a reason."""

import os
import re
import shlex
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from snippets import COLUMNS, agrees, python_command, run_in, snippets, write_file

DOCS = Path(__file__).parents[2] / "docs"
PAGES = {path.relative_to(DOCS).as_posix(): path for path in sorted(DOCS.rglob("*.md"))}
PLUGIN_PAGE = "tutorial/first-plugin.md"
#: Trains two dozen networks at full length.
LONG = ("tutorial/first-comparison.md", "how-to/trackers.md")
RUNNABLE = [
    name for name in PAGES if name != PLUGIN_PAGE and any(each.runs for each in snippets(PAGES[name].read_text()))
]


def follow(name, folder, shell):
    """Do what a page says, from its top to its end, and compare what it shows."""
    for snippet in snippets(PAGES[name].read_text(encoding="utf-8")):
        if not snippet.runs:
            continue
        if snippet.title:
            write_file(folder, snippet)
        elif snippet.language == "python":
            shell(python_command(snippet))
        for command, shown in snippet.commands if snippet.language == "console" else ():
            printed = shell(command)
            assert not shown or agrees(shown, printed), f"{command} printed\n{printed}\nand the page shows\n{shown}"


@pytest.fixture
def shell(dlbench, tmp_path, monkeypatch):
    """Run dlbench in this process, where workers stay warm, and anything else in a shell."""
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")

    def run(command):
        words = shlex.split(command)
        if words[0] == "export":
            for word in words[1:]:
                monkeypatch.setenv(*word.split("=", 1))
            return ""
        if words[0] == "dlbench":
            done = dlbench(*words[1:], columns=COLUMNS, data=tmp_path / "data")
        else:
            done = subprocess.run(command, shell=True, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        return done.stdout

    return run


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if name in LONG else ()) for name in RUNNABLE]
)
def test_a_page_shows_what_its_commands_print(name, tmp_path, shell):
    follow(name, tmp_path, shell)


def test_every_kind_of_page_is_found():
    assert {"index.md", *LONG, PLUGIN_PAGE, "how-to/export.md", "explanation/statistics.md"} <= PAGES.keys()
    assert {"how-to/own-data.md", "how-to/own-component.md", "how-to/own-experiment.md"} <= set(RUNNABLE)


@pytest.mark.parametrize("name", PAGES)
def test_what_is_not_run_says_why(name):
    found = list(snippets(text := PAGES[name].read_text(encoding="utf-8")))
    assert len(found) * 2 == len(re.findall("^```", text, re.MULTILINE)), "a fence that the tests do not see"
    assert all(each.runs or each.excuse for each in found)


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        ("tanh  87.46 ± 0.98  not shown", "tanh 87.51 ± 1.02 not shown", True),
        ("tanh  87.46 ± 0.98  not shown", "tanh 87.46 ± 0.98 better", False),
        ("first\n…\nlast", "first\nany\nmore\nlast", True),
        ("first\n…\nlast", "first\nlast", False),
        ("first\n…\nlast", "first\nany", False),
        ("…\nlast", "some\nlast", True),
        ("name  n\n────────\nrelu  7", "name n\n─────\nrelu 7\n", True),
        ("relu", "relu\ntanh", False),
    ],
)
def test_screens_agree_where_only_what_a_machine_decides_differs(shown, printed, same):
    assert agrees(shown, printed) is same


def test_the_tutorials_plugin_takes_at_most_25_lines():
    files = [each for each in snippets(PAGES[PLUGIN_PAGE].read_text(encoding="utf-8")) if each.title]
    assert {Path(each.title).name for each in files} == {"snake.py", "plugin.py", "pyproject.toml"}
    assert sum(bool(line.strip()) for each in files for line in each.body.splitlines()) <= 25


@pytest.mark.slow
def test_the_tutorials_plugin_is_built_by_following_the_page_in_a_clean_environment(tmp_path):
    """dlbench and torch are lent from this environment; the plugin is built and installed by pip, into the new one."""
    clean = tmp_path / "clean"
    venv.create(clean, with_pip=True)
    (lent,) = {path for path in map(Path, sys.path) if path.name == "site-packages"}
    (own,) = clean.glob("lib/python*/site-packages")
    (own / "lent.pth").write_text(f"import site; site.addsitedir({str(lent)!r})\n")
    command = clean / "bin" / "dlbench"
    command.write_text(f"#!{clean}/bin/python\nfrom dlbench.__main__ import main\n\nmain()\n")
    command.chmod(0o755)
    folder = tmp_path / "work"
    folder.mkdir()
    follow(PLUGIN_PAGE, folder, run_in(folder, clean / "bin"))
    assert not list(lent.glob("dlbench_snake*"))
