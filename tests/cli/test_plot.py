import sys

import pytest

from dlbench.cli.main import main
from dlbench.runs.folder import RunFolder


@pytest.fixture
def call(tmp_path, monkeypatch, capsys, make_record, make_plan, provenance):
    """Run the command on a results folder with one run, "a-run"; returns exit code, output and errors."""
    with RunFolder(tmp_path / "a-run") as folder:
        folder.start(make_plan(), ["dlbench"], provenance)
        for name in ("relu", "tanh"):
            for seed in range(3):
                folder.add(make_record(name, seed, accuracy=0.8 + seed / 100))

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["dlbench", *arguments, "--results-dir", str(tmp_path)])
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        return int(ended.value.code or 0), printed.out, printed.err

    return run


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_plot_draws_all_that_apply_and_says_what_does_not(call, tmp_path):
    code, out, err = call("plot", "a-run")
    assert code == 0
    drawn = ["confusion", "differences", "final", "learning-curves", "learning-rate", "time"]
    assert names(tmp_path / "a-run" / "figures") == [f"{name}.png" for name in drawn]
    assert sorted(out.split()) == [str(tmp_path / "a-run" / "figures" / f"{name}.png") for name in drawn]
    assert err.strip() == "Skipped: heatmap: it needs two axes."


def test_kinds_format_and_folder_can_be_chosen(call, tmp_path):
    code, _, err = call(
        "plot", "a-run", "--kind", "final,time", "--kind", "curves", "--format", "svg", "--output", str(tmp_path / "x")
    )
    assert (code, err) == (0, "")
    assert names(tmp_path / "x") == ["final.svg", "learning-curves.svg", "time.svg"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--kind", "heatmap,final"], "it needs two axes"),
        (["--kind", "curve"], "Did you mean curves?"),
        (["--format", "gif"], "png, svg, pdf"),
        (["--metric", "test_acuracy"], "test_accuracy"),
        (["--baseline", "elu"], "relu, tanh"),
    ],
)
def test_what_cannot_be_drawn_is_an_error_and_nothing_is_written(call, tmp_path, arguments, said):
    code, out, err = call("plot", "a-run", *arguments)
    assert (code, out) == (2, "")
    assert said in " ".join(err.split())
    assert not (tmp_path / "a-run" / "figures").exists()


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
