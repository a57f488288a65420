"""What outputs quote stays text: in HTML, Markdown and LaTeX, and in the cells of a spreadsheet."""

import csv
import io
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from dlbench.plugins.registry import Registry
from dlbench.report.html.page import html_report
from dlbench.runs.export import export
from dlbench.runs.folder import RunFolder
from dlbench.runs.tables import to_csv

HOSTILE = '<script>alert(1)</script><img src=x onerror="alert(2)">&amp;|\\input{x}$`_*[a](javascript:b)'


@pytest.fixture
def folder(tmp_path, make_record, make_plan, provenance):
    plan = make_plan()
    names = (HOSTILE, '=cmd|"/c calc"!A1')
    plan = replace(
        plan,
        axes={"activation": names},
        fixed={**plan.fixed, "dataset": HOSTILE},
        variants=tuple(
            replace(variant, label=name, values={"activation": name})
            for variant, name in zip(plan.variants, names, strict=True)
        ),
        baseline=HOSTILE,
    )
    with RunFolder(tmp_path / "run") as folder:
        folder.start(plan, ["dlbench", HOSTILE], provenance | {"git_commit": HOSTILE})
        for seed in range(3):
            folder.add(make_record("relu", seed))
            folder.add(make_record("tanh", seed, status="failed", message=HOSTILE))
    return RunFolder(tmp_path / "run")


def test_html_holds_no_element_that_a_text_brought(folder):
    class Elements(HTMLParser):
        found: list[tuple[str, dict[str, str | None]]] = []  # noqa: RUF012  # one parser, one list

        def handle_starttag(self, tag, attributes):
            self.found.append((tag, dict(attributes)))

    page = html_report(folder, Registry.load())
    parser = Elements()
    parser.feed(page)
    assert [tag for tag, _ in parser.found].count("script") == 2  # the page's own: data and script
    assert not [name for _, attributes in parser.found for name in attributes if name.startswith("on")]
    assert all((a["src"] or "").startswith("data:image/svg+xml") for tag, a in parser.found if tag == "img")
    assert "&lt;script&gt;" in page


@pytest.mark.parametrize("table", ["trials", "summary", "comparison"])
def test_markdown_and_latex_hold_no_bare_special_character(folder, table):
    markdown = export(folder, table, "markdown")
    assert "<script" not in markdown.replace(r"\<", "")
    assert len({len(re.findall(r"(?<!\\)\|", line)) for line in markdown.splitlines()}) == 1
    latex = export(folder, table, "latex")
    assert r"\input" not in latex
    assert not re.search(r"(?<!\\)\$`", latex)


def test_a_cell_that_looks_like_a_formula_is_made_text(folder):
    rows = list(csv.DictReader(io.StringIO(export(folder, "comparison", "csv"))))
    assert any(row["variant"].startswith("'=cmd|") for row in rows)
    assert export(folder, "comparison", "json").count('"=cmd|') >= 1  # exact, where nothing computes


@pytest.mark.parametrize("text", ["=1+1", "+SUM(A1)", "-2+3", "@x", "\t=1", "\r=1", "-"])
def test_formulas_get_an_apostrophe_in_front(text):
    (row,) = csv.DictReader(io.StringIO(to_csv(("a",), [{"a": text}]), newline=""))
    assert row["a"] == "'" + text.replace("\r", "\n")


@pytest.mark.parametrize("value", ["-1", "-1e-05", "+3", "nan", "-inf", "relu", "a=b", -0.5, 3, None, ""])
def test_numbers_and_other_texts_stay_as_they_are(value):
    (row,) = csv.DictReader(io.StringIO(to_csv(("a", "b"), [{"a": value, "b": 1}])))
    assert row["a"] == ("" if value is None else str(value))
