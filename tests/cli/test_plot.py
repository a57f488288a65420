import pytest


@pytest.fixture
def call(keep_run, call_here):
    """Run the command on a results folder with one run, "a-run"; returns exit code, output and errors."""
    keep_run("a-run")
    return call_here


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.slow
def test_plot_draws_all_that_apply_and_says_what_does_not(call, tmp_path):
    code, out, err = call("plot", "a-run")
    assert code == 0
    drawn = ["confusion", "differences", "final", "learning-curves", "learning-rate", "time"]
    assert names(tmp_path / "a-run" / "figures") == [f"{name}.png" for name in drawn]
    assert sorted(out.split()) == [str(tmp_path / "a-run" / "figures" / f"{name}.png") for name in drawn]
    assert err.strip() == "Skipped: heatmap: it needs two axes."


@pytest.mark.slow
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
        (["--kind", ""], "--kind names no figure"),
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


def test_one_figure_is_written_to_the_named_file(call, tmp_path):
    for name in ("differences.png", "differences.svg"):
        code, out, _ = call("plot", "a-run", "--kind", "differences", "--output", str(tmp_path / "new" / name))
        assert (code, out.strip()) == (0, str(tmp_path / "new" / name))
        assert (tmp_path / "new" / name).is_file()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--kind", "differences,final", "--output", "a.png"], "several figures"),
        (["--output", "a.png"], "several figures"),
        (["--kind", "final", "--output", "a.png", "--format", "svg"], "a.svg"),
        (["--kind", "final", "--output", "a.jpg"], "png, svg, pdf"),
    ],
)
def test_a_file_for_what_it_cannot_hold_is_refused(call, tmp_path, monkeypatch, arguments, said):
    monkeypatch.chdir(tmp_path)
    code, _, err = call("plot", "a-run", *arguments)
    assert code == 2
    assert said in err
    assert names(tmp_path) == ["a-run"]


def test_a_kind_is_found_however_it_is_spelled(call, tmp_path):
    assert call("plot", "a-run", "--kind", "Learning_Rate")[0] == 0
