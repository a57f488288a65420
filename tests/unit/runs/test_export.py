import csv
import importlib.util
import io
import json
import math
import re
import sys

import pandas as pd
import pytest

from dlbench.analysis.summary import summarize
from dlbench.errors import DlbenchError
from dlbench.runs.export import FORMATS, TABLES, export
from dlbench.runs.folder import RunFolder
from dlbench.runs.frames import epochs_frame, summary_frame, trials_frame
from dlbench.runs.latex import latex_table, latex_text
from dlbench.runs.tables import to_csv

NASTY = "50% of a_b & c|d #1 {x} ~ ^ \\ *bold* <b>\nnext _line_ $5"


@pytest.fixture
def folder(tmp_path, make_record, make_plan, provenance):
    with RunFolder(tmp_path / "run") as folder:
        folder.start(make_plan(), ["dlbench"], provenance)
        folder.add(make_record("relu", 0, 0.9))
        folder.add(make_record("relu", 1, 0.1 + 0.2))
        folder.add(make_record("tanh", 0, status="diverged", message=NASTY, metrics={"test_loss": math.nan}))
    return folder


def _strict(text):
    def refuse(name):
        raise AssertionError(f"{name} is no JSON")

    return json.loads(text, parse_constant=refuse)


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("form", FORMATS)
def test_every_table_goes_into_every_format(folder, table, form):
    assert export(folder, table, form)


@pytest.mark.parametrize("table", ["trials", "epochs", "confusion"])
def test_csv_is_the_table_file_to_the_last_byte(folder, table):
    assert export(folder, table, "csv") == (folder.path / f"{table}.csv").read_text()


def test_json_is_strict_and_keeps_every_digit(folder):
    rows = _strict(export(folder, "trials", "json"))
    assert [row["test_loss"] for row in rows][2] is None
    assert rows[1]["validation_accuracy"] == 0.1 + 0.2
    assert rows[2]["message"] == NASTY
    assert rows[0]["epochs_to_target"] == 3
    assert rows[2]["epochs_to_target"] is None  # a miss, ∞ in the other formats


def test_markdown_escapes_what_would_be_read_as_markup(folder):
    lines = export(folder, "trials", "markdown").splitlines()
    assert len(lines) == 2 + 3
    assert r"50% of a_b & c\|d #1 {x} \~ ^ \\ \*bold\* \<b\> next \_line\_ $5" in lines[4]
    header = lines[0].split(" | ")
    unescaped = lines[4].replace(r"\|", "")
    assert unescaped.count("|") == lines[0].count("|") == len(header) + 1


def test_latex_escapes_what_would_be_read_as_a_command(folder):
    text = export(folder, "trials", "latex")
    row = next(line for line in text.splitlines() if "diverged" in line)
    assert r"50\% of a\_b \& c\textbar{}d \#1 \{x\}" in row
    assert r"\textbackslash" in row
    assert r"\_line\_ \$5" in row
    header = text[text.index(r"\toprule") :].splitlines()[1]
    assert row.count("&") - row.count(r"\&") == header.count("&")
    assert row.endswith(r"\\")


def test_documents_show_percentages_with_deviations(folder, make_record):
    assert "| relu | 2 | 0 | 90.00, 30.00 |" in export(folder, "summary", "markdown")  # of two seeds, the values
    with folder:
        folder.add(make_record("relu", 2, 0.6))
    text = export(folder, "summary", "markdown")
    assert "| relu | 3 | 0 | 60.00 ± 30.00 |" in text
    assert "validation accuracy (%)" in text
    assert r"60.00 $\pm$ 30.00" in export(folder, "summary", "latex")


def test_csv_of_the_summary_holds_fractions(folder):
    rows = list(csv.DictReader(io.StringIO(export(folder, "summary", "csv"))))
    assert float(rows[0]["validation_accuracy_mean"]) == pytest.approx(0.6)
    assert rows[1]["n"] == "1"  # diverged, which is a result


@pytest.mark.skipif(importlib.util.find_spec("pyarrow") is None, reason="needs dlbench[parquet]")
def test_parquet_comes_back_as_the_frame(folder):
    back = pd.read_parquet(io.BytesIO(export(folder, "epochs", "parquet")))
    pd.testing.assert_frame_equal(back, epochs_frame(folder.records))


def test_parquet_without_pyarrow_says_what_to_install(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(DlbenchError, match="needs pyarrow") as caught:
        export(folder, "trials", "parquet")
    assert "dlbench[parquet]" in caught.value.hint


@pytest.mark.parametrize(("table", "form", "near"), [("trial", "csv", "trials"), ("trials", "markdow", "markdown")])
def test_an_unknown_table_or_format_is_answered_with_the_nearest(folder, table, form, near):
    with pytest.raises(DlbenchError) as caught:
        export(folder, table, form)
    assert f"Did you mean {near}?" in caught.value.hint


def test_frames_have_the_columns_and_types_of_the_files(folder, make_plan):
    trials, epochs = trials_frame(folder.records), epochs_frame(folder.records)
    assert len(trials) == 3
    assert len(epochs) == 9
    assert trials["seed"].tolist() == [0, 1, 0]
    assert trials["seed"].dtype.kind == "i"
    assert trials["validation_accuracy"].tolist()[:2] == [0.9, 0.1 + 0.2]
    assert trials["validation_accuracy"].dtype == float
    assert trials["deterministic"].dtype == bool
    assert list(trials.columns) == (folder.path / "trials.csv").read_text().splitlines()[0].split(",")
    summary = summary_frame(summarize(folder.records, make_plan()))
    assert summary["validation_accuracy_mean"].tolist()[0] == pytest.approx(0.6)


def test_frames_of_an_empty_run_are_empty():
    assert trials_frame([]).empty
    assert "trial_id" in trials_frame([]).columns


@pytest.mark.parametrize("table", ["trials", "comparison", "summary", "per-class"])
def test_latex_is_ascii_and_says_what_it_needs(folder, table):
    text = export(folder, table, "latex")
    assert text.isascii()
    assert text.splitlines()[0].startswith(r"% needs \usepackage{booktabs}")
    assert (r"\resizebox{\linewidth}" in text) == (r"\usepackage{graphicx}" in text)
    assert text.count("{") == text.count("}")


def test_a_wide_table_is_scaled_to_the_page_and_a_narrow_one_is_not():
    assert r"\resizebox" in latex_table(["a column of a long name"] * 5, [["0.5"] * 5])
    assert r"\resizebox" not in latex_table(["name", "n"], [["relu", "5"]])
    assert r"\begin{tabular}{lr}" in latex_table(["name", "n"], [["relu", "5"]])


@pytest.mark.parametrize("kind", ["markdown", "latex"])
@pytest.mark.parametrize("table", ["comparison", "per-class"])
def test_numbers_in_documents_have_few_digits(folder, table, kind):
    assert not re.findall(r"\d\.\d{7,}", export(folder, table, kind))


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("β ≈ 0.9 ± 0.1", r"$\beta$ $\approx$ 0.9 $\pm$ 0.1"),
        ("λ = 1e-4, Λ", r"$\lambda$ = 1e-4, $\Lambda$"),
        ("Δ > 3 µs", r"$\Delta$ \textgreater{} 3 $\mu$s"),
        ("a–b … −1", r"a--b \ldots{} $-$1"),
        ("Müller, café, Łódź", r"M\"{u}ller, caf\'{e}, \L{}\'{o}d\'{z}"),
        ("ﬁne x² 東", r"fine x$^{2}$ [U+6771]"),
        ("50% of a_b & {c}", r"50\% of a\_b \& \{c\}"),
    ],
)
def test_every_character_becomes_what_pdflatex_reads(text, written):
    assert latex_text(text) == written


def test_every_greek_letter_but_those_like_latin_ones_is_known():
    written = latex_text("αβγδεζηθικλμνξπρστυφχψω ΓΔΘΛΞΠΣΥΦΨΩ")
    assert re.fullmatch(r"(\$\\[a-z]+\$){23} (\$\\[A-Z][a-z]+\$){11}", written)


def test_every_character_of_the_basic_plane_becomes_ascii():
    assert "".join(latex_text(chr(code)) for code in range(32, 0xD800)).isascii()


def test_names_of_tables_and_formats_are_found_however_they_are_spelled(folder):
    assert export(folder, "Per_Class", "md") == export(folder, "per-class", "markdown")


def test_headings_of_csv_are_inert_too():
    assert to_csv(("=cmd()", "n"), [{"=cmd()": 1, "n": 2}]).splitlines()[0] == "'=cmd(),n"


def test_what_holds_over_several_data_sets_is_a_table_for_documents(make_study, provenance, tmp_path):
    records, plan = make_study("abc", lambda name, dataset, seed: 0.9 - 0.02 * (name != "relu") - 0.001 * seed)
    with RunFolder(tmp_path / "several") as folder:
        folder.start(plan, ["dlbench"], provenance)
        for record in records:
            folder.add(record)
    rows = list(csv.DictReader(io.StringIO(export(folder, "data-sets", "csv"))))
    assert [(row["variant"], float(row["mean_rank"])) for row in rows] == [("relu", 1), ("tanh", 2.5), ("elu", 2.5)]
    assert "| relu | 3 | 18 | 1 | 0.8875 |" in export(folder, "data-sets", "markdown")
    assert r"relu & 3 & 18 & 1 & 0.8875 & " in export(folder, "data-sets", "latex")


def test_a_latex_row_that_begins_with_a_bracket_or_a_star_is_no_argument_of_the_rule_before_it():
    lines = latex_table(["name", "n"], [["東", "5"], ["*x", "6"], ["relu", "7"]]).splitlines()
    assert lines[4:8] == [r"\midrule", r"{}[U+6771] & 5 \\", r"{}*x & 6 \\", r"relu & 7 \\"]
