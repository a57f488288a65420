"""The pages are true: what they show is what happens, and nothing in them is left unrun without a reason."""

import os
import re
import shlex
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from snippets import COLUMNS, agrees, lent_environment, masked, python_command, run_in, snippets, write_file
from snippets import main as refresh

DOCS = Path(__file__).parents[2] / "docs"
PAGES = {path.relative_to(DOCS).as_posix(): path for path in sorted(DOCS.rglob("*.md"))}
PLUGIN_PAGE = "tutorial/first-plugin.md"
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


@pytest.mark.slow
@pytest.mark.parametrize("name", RUNNABLE)
def test_a_page_shows_what_its_commands_print(name, tmp_path, shell):
    follow(name, tmp_path, shell)


def test_the_readme_shows_the_table_of_the_tutorial_which_is_run():
    readme = (DOCS.parent / "README.md").read_text(encoding="utf-8")
    table = readme.partition("prints, after its progress:\n\n")[2].partition("\n\nThe run folder")[0]
    tutorial = PAGES["tutorial/first-comparison.md"].read_text(encoding="utf-8")
    consoles = [each for each in snippets(tutorial) if each.language == "console"]
    command, printed = consoles[0].commands[0]
    assert f"    {command.removesuffix(' --name first')}\n" in readme
    assert masked(table)[0].startswith("test difference")
    assert " ".join(masked(table)) in " ".join(masked(printed))  # the sentences below it are folded elsewhere


def test_every_kind_of_page_is_found():
    assert {"index.md", PLUGIN_PAGE, "how-to/export.md", "explanation/statistics.md"} <= PAGES.keys()
    assert {"how-to/own-data.md", "how-to/own-component.md", "how-to/own-experiment.md"} <= set(RUNNABLE)


def test_the_first_page_leads_to_every_page_of_the_menu_but_the_reports():
    menu = re.findall(r"[\w/-]+\.md", (DOCS.parent / "mkdocs.yml").read_text(encoding="utf-8"))
    linked = re.findall(r"\]\(([^)#]+\.md)", PAGES["index.md"].read_text(encoding="utf-8"))
    assert {"how-to/report.md", "reference/python.md"} <= set(menu)
    assert [each for each in menu if each not in ("index.md", *linked) and not each.startswith("reports/")] == []


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
    before = installed()
    folder = tmp_path / "work"
    folder.mkdir()
    follow(PLUGIN_PAGE, folder, run_in(folder, lent_environment(tmp_path / "clean")))
    assert installed() == before


def test_a_page_is_refreshed_in_an_environment_that_is_thrown_away(tmp_path, monkeypatch):
    make = venv.create
    monkeypatch.setattr("snippets.venv.create", lambda folder, with_pip: make(folder))
    page = tmp_path / "page.md"
    program = "import dlbench, pathlib, sys; (pathlib.Path(sys.prefix) / 'mine').touch(); print(sys.prefix)"
    page.write_text(f'```console\n$ python -c "{program}"\n…\n```\n', encoding="utf-8")
    before = installed()
    refresh([str(page)])
    prefix = Path(page.read_text(encoding="utf-8").splitlines()[2])
    assert prefix.name == "environment"
    assert not prefix.exists()
    assert installed() == before


def installed():
    """What lies in the environment that runs the tests."""
    return sorted(path.name for part in sys.path if part.endswith("site-packages") for path in Path(part).iterdir())
