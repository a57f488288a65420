"""`dlbench report`: one run as a page, several as a site."""

import re

import pytest

from dlbench.report.html import page, script, static_figures


@pytest.fixture(autouse=True)
def _quick(charts_library, monkeypatch):
    monkeypatch.setattr(static_figures, "picture", lambda *_: None)


@pytest.fixture
def call(keep_run, call_here):
    """Run the command on a results folder with two runs; returns exit code, output and errors."""
    for name in ("a-run", "index"):
        keep_run(name)
    return call_here


def test_report_writes_one_page(call, tmp_path):
    code, out, err = call("report", "a-run")
    assert (code, out.strip(), err) == (0, str(tmp_path / "a-run" / "report.html"), "")
    assert (tmp_path / "a-run" / "report.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    code, *_ = call("report", "a-run", "--output", str(tmp_path / "page.html"), "--baseline", "tanh")
    assert code == 0
    assert "against tanh" in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_a_page_that_cannot_be_written_is_an_error_with_a_remedy(call, tmp_path):
    (tmp_path / "file").write_text("")
    code, _, err = call("report", "a-run", "--output", str(tmp_path / "file" / "page.html"))
    assert code == 2
    assert "--output" in err


def test_an_unknown_run_is_answered_with_the_nearest(call):
    code, _, err = call("report", "a-runn")
    assert code == 2
    assert "a-run" in err


def test_without_the_library_the_page_is_written_and_one_line_says_how_to_get_it(call, tmp_path, monkeypatch):
    for module in (script, page):
        monkeypatch.setattr(module, "is_interactive", lambda: False)
    code, out, err = call("report", "a-run")
    assert (code, out.strip()) == (0, str(tmp_path / "a-run" / "report.html"))
    assert err.strip() == "Figures are pictures; pip install 'dlbench[report]' makes them answer mouse and keyboard."
    assert "data-chart" not in re.sub(
        r"<script>.*</script>", "", (tmp_path / "a-run" / "report.html").read_text(), flags=re.S
    )


@pytest.mark.parametrize("arguments", [["a-run", "index"], ["--all"]])
def test_several_runs_make_a_site_with_one_script(call, tmp_path, arguments):
    code, out, err = call("report", *arguments)
    assert (code, out.strip(), err) == (0, str(tmp_path / "site" / "index.html"), "")
    site = tmp_path / "site"
    files = sorted(str(path.relative_to(site)) for path in site.rglob("*") if path.is_file())
    assert files == ["dlbench.js", "index.html", "runs/a-run.html", "runs/index.html"]
    index = (site / "index.html").read_text()
    assert re.findall(r'href="([^"]+)"', index) == ["runs/a-run.html", "runs/index.html"]
    assert index.count("equivalent") == 2
    each = (site / "runs" / "a-run.html").read_text()
    assert '<script src="../dlbench.js">' in each
    assert "script-src &#39;self&#39;;" in each


def test_the_same_run_gives_the_same_bytes(call, tmp_path):
    call("report", "a-run")
    first = (tmp_path / "a-run" / "report.html").read_bytes()
    call("report", "a-run")
    assert (tmp_path / "a-run" / "report.html").read_bytes() == first


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "Which run?"),
        (["a-run", "--all"], "exclude each other"),
        (["--all", "--baseline", "tanh"], "as it was to be judged"),
        (["--all", "--output", "x.html"], "no name of a folder"),
    ],
)
def test_what_makes_no_page_and_no_site_is_refused(call, arguments, said):
    code, out, err = call("report", *arguments)
    assert (code, out) == (2, "")
    assert said in err


def test_of_all_runs_one_that_cannot_be_read_is_named_and_left_out(call, tmp_path):
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "manifest.json").write_text("{")
    code, _, err = call("report", "--all")
    assert code == 0
    assert "Warning: broken: " in err
    index = (tmp_path / "site" / "index.html").read_text()
    assert "Not shown: broken: " in index
    assert index.count("<article>") == 2
