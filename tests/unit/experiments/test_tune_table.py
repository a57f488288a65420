"""The [tune] table of experiment files: read, refused with its line, written and read back."""

import pytest

from dlbench.errors import DlbenchError
from dlbench.experiments.experiment_file import load_experiment
from dlbench.experiments.tune_table import tune_lines
from dlbench.plans.tuning import Tune

HEAD = 'schema = 1\ntitle = "t"\n[axes]\nactivation = ["relu", "tanh"]\n[tune]\n'


@pytest.fixture
def tuned(tmp_path):
    def read(lines):
        path = tmp_path / "e.toml"
        path.write_text(HEAD + lines)
        return load_experiment(path).tune

    return read


@pytest.mark.parametrize(
    ("lines", "tune"),
    [
        (
            'learning-rate = "log:1e-4..1e-1"\nbudget = 16\n',
            Tune(ranges=("learning-rate=log:1e-4..1e-1",), budget="16"),
        ),
        ('optimizer.weight_decay = "log:1e-6..1e-2"\n', Tune(ranges=("optimizer.weight_decay=log:1e-6..1e-2",))),
        ('"model.dropout" = "{0,0.3}"\nbudget = "2h"\n', Tune(ranges=("model.dropout={0,0.3}",), budget="2h")),
        ("auto = true\nstudies = 6\ntuning-seeds = 3\n", Tune(ranges=("auto",), studies=6, seeds=3)),
        ('learning-rate = ""\ntune_design = "random"\n', Tune(ranges=("learning-rate",), design="random")),
    ],
)
def test_the_table_says_what_the_options_say(tuned, lines, tune):
    assert tuned(lines) == tune


@pytest.mark.parametrize(
    ("lines", "line"), [("learning-rate = 0.1\n", 6), ("budget = true\n", 6), ("studies = 1.5\n", 6), ("auto = 1\n", 6)]
)
def test_what_is_no_range_is_refused_with_its_line(tuned, lines, line):
    with pytest.raises(DlbenchError) as caught:
        tuned(lines)
    assert f"line {line}" in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize(
    "tune",
    [
        Tune(ranges=("learning-rate=log:1e-4..1e-1", "optimizer.weight_decay=lin:0..1"), budget="16"),
        Tune(ranges=('optimizer.mode={"a", b}',), budget="4"),
        Tune(ranges=("auto", "learning-rate"), budget="2h", studies=6, seeds=2, design="random"),
    ],
)
def test_a_table_is_written_as_it_is_read(tuned, tune):
    assert tuned("".join(tune_lines(tune))) == tune
