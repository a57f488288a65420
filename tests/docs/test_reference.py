"""The generated pages tell everything that the code has."""

import csv
import inspect
from pathlib import Path

import pytest

import dlbench
from command_reference import commands, commands_page
from component_reference import components_page
from dlbench import hookspecs
from dlbench.cli.main import Commands
from dlbench.trials.settings import SETTINGS
from file_reference import files_page, meaning, tables
from hook_reference import hooks_page, records_page, settings_page
from python_reference import python_page
from report_pages import REPORTS, experiments, report_pages

PLUGINS = Path(__file__).parents[2] / "plugins"


def test_every_command_and_every_option_of_it_is_there():
    page = commands_page()
    assert {name.split()[1] for name, _ in commands()} == set(Commands.lazy)
    for name, command in commands():
        section = page.partition(f"## {name}\n")[2].partition("\n## ")[0]
        shown = [each for each in command.params if each.param_type_name == "option" and not each.hidden]
        options = [flag for each in shown for flag in each.opts]
        assert [flag for flag in options if flag != "--help" and flag not in section] == []


def test_every_hook_record_and_setting_is_there():
    page = hooks_page()
    assert all(f"## {name}\n" in page for name in vars(hookspecs) if name.startswith("dlbench_"))
    records = records_page()
    functions = {name for name in dlbench.__all__ if inspect.isfunction(getattr(dlbench, name))} | {"hookimpl"}
    answers = {"Comparison", "Repetition", "SpreadResult"}
    others = (
        functions
        | answers
        | {"API_VERSION", "__version__", "Emit", "Event", "Settings", "ContractError", "DlbenchError"}
    )
    assert [name for name in dlbench.__all__ if name not in others and f"## {name}\n" not in records] == []
    assert all(f"| `{name}` |" in settings_page() for name in SETTINGS)


def test_every_function_for_scripts_its_keywords_and_what_results_hold_are_there():
    page = python_page()
    for name in ("compare", "run", "load_results", "confirm", "replay", "spread"):
        section = page.partition(f"## dlbench.{name}\n")[2].partition("\n## ")[0]
        assert [each for each in inspect.signature(getattr(dlbench, name)).parameters if each not in section] == []
    for cls in (dlbench.Comparison, dlbench.Repetition, dlbench.SpreadResult):
        section = page.partition(f"## dlbench.{cls.__name__}\n")[2].partition("\n## ")[0]
        assert [each for each in vars(cls) if not each.startswith("_") and f"| `{each}` |" not in section] == []


def test_every_field_of_a_public_record_has_a_meaning():
    fields = [line for line in records_page().splitlines() if line.startswith("| `")]
    assert len(fields) > 50
    assert [line for line in fields if line.endswith("|  |")] == []


@pytest.mark.parametrize("name", tables())
def test_every_column_of_a_file_has_a_meaning(name):
    assert [column for column in tables()[name] if not meaning(name, column)] == []


@pytest.mark.slow
def test_the_columns_of_a_real_run_are_on_the_page(compare, tmp_path):
    run = compare("--model", "linear,mlp", "--epochs", "1", "--seeds", "1")
    for name in ("trials", "epochs", "comparison", "confusion"):
        with (tmp_path / run["path"] / f"{name}.csv").open(newline="") as file:
            columns = next(csv.reader(file))
        section = files_page().partition(f"## {name}.csv\n")[2].partition("\n## ")[0]
        assert [column for column in columns if f"| `{column}` |" not in section] == []


def test_large_families_are_counted_and_others_listed():
    page = components_page()
    assert "`dlbench list models 'timm/*'` lists them" in page
    assert "| `leaky-relu` | `negative_slope=0.01` |" in page
    assert "vit-base-patch16-224" not in page


@pytest.mark.parametrize("name", REPORTS)
def test_the_page_of_a_report_has_its_readme_every_experiment_and_every_claim(name):
    page = report_pages(PLUGINS)[f"reports/{name}.md"]
    assert "## What the report left open" in page
    for stem, content in experiments(PLUGINS / f"dlbench-{name}").items():
        assert f"### {stem}\n" in page
        assert all(claim["text"].replace("|", "\\|") in page for claim in content.get("claims", ()))
    assert page.count("```") % 2 == 0
