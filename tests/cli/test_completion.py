"""What Tab offers. Words come as each shell sends them: bash breaks them at : and =, zsh and fish do not."""

import os
import shlex
import subprocess
import sys

import pytest

from dlbench.cli.completion.bash import _joined
from dlbench.cli.main import main
from dlbench.report.figure_names import TITLES
from dlbench.report.figures import KINDS


@pytest.fixture
def bash(monkeypatch, capsys, tmp_path):
    """Complete the last of the words that bash splits a line into; return the suggestions."""

    def complete(*words: str) -> list[str]:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("_DLBENCH_COMPLETE", "complete_bash")
        monkeypatch.setenv("COMP_WORDS", "\n".join(["dlbench", *words]))
        monkeypatch.setenv("COMP_CWORD", str(len(words)))
        return _answers(monkeypatch, capsys)

    return complete


@pytest.fixture
def fish(monkeypatch, capsys, tmp_path):
    def complete(line: str) -> list[str]:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("_DLBENCH_COMPLETE", "complete_fish")
        monkeypatch.setenv("_TYPER_COMPLETE_FISH_ACTION", "get-args")
        monkeypatch.setenv("_TYPER_COMPLETE_ARGS", f"dlbench {line}")
        return [answer.partition("\t")[0] for answer in _answers(monkeypatch, capsys)]

    return complete


@pytest.fixture
def zsh(monkeypatch, capsys, tmp_path):
    def complete(line: str) -> str:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("_DLBENCH_COMPLETE", "complete_zsh")
        monkeypatch.setenv("_TYPER_COMPLETE_ARGS", f"dlbench {line}")
        return "\n".join(_answers(monkeypatch, capsys))

    return complete


def _answers(monkeypatch, capsys) -> list[str]:
    monkeypatch.setattr("sys.argv", ["dlbench"])
    capsys.readouterr()
    with pytest.raises(SystemExit):
        main()
    printed = capsys.readouterr()
    assert printed.err == ""
    return [line for line in printed.out.splitlines() if line]


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("compare --activation leaky-r", ["leaky-relu"]),
        ("compare --activation relu,leaky-r", ["relu,leaky-relu"]),
        ("compare --activation leaky-relu:", ["leaky-relu:negative_slope=", "leaky-relu:negative_slope=0.01"]),
        (
            "compare --activation tanh,leaky-relu:neg",
            ["tanh,leaky-relu:negative_slope=", "tanh,leaky-relu:negative_slope=0.01"],
        ),
        ("compare --optimizer sgd:nesterov=", ["sgd:nesterov=false", "sgd:nesterov=true"]),
        (
            "compare --optimizer sgd:momentum=0.9:nest",
            ["sgd:momentum=0.9:nesterov=", "sgd:momentum=0.9:nesterov=false"],
        ),
        ("compare --model foundations/len", ["foundations/lenet5"]),
        ("compare --dataset fash", ["fashion-mnist"]),
        ("compare --precision bf", ["bfloat16"]),
        ("compare --precision float32,bf", ["float32,bfloat16"]),
        ("run convnet-a", ["convnet-against-fc"]),
        ("run convnet-basics/convnet-a", ["convnet-basics/convnet-against-fc"]),
        ("show schedule one-c", ["one-cycle"]),
        ("show model mlp:hid", ["mlp:hidden=", "mlp:hidden=128-64"]),
        ("show mod", ["model"]),
        ("list opt", ["optimizers"]),
        ("data fetch cifar10", ["cifar10", "cifar100"]),
        ("plugins check found", ["foundations"]),
        ("plugins new snake --kind act", ["activation"]),
        ("plugins un", ["uninstall"]),
        ("show model mlp --activation leaky-r", ["leaky-relu"]),
        ("show model mlp --dataset fash", ["fashion-mnist"]),
        ("data verify cifar100", ["cifar100"]),
        ("compare --executor loc", ["local"]),
        ("compare --metric macro_", ["macro_precision", "macro_recall", "macro_f1"]),
        ("compare --diagnostics saturation,fir", ["saturation,first"]),
        ("compare --diagnostics satu", ["saturation"]),
        ("plot any --kind confusion,gra", ["confusion,gradients"]),
        ("plot any --format s", ["svg"]),
        ("results export any --table per", ["per-class"]),
        ("results export any --format par", ["parquet"]),
        ("list datasets --tag embed", ["embedded"]),
        ("compare --fail-if wor", ["worse"]),
        ("compare --fail-unless better,equ", ["better,equivalent"]),
        ("run batch-size --fail-unless sup", ["supported"]),
        ("run batch-size --fail-unless 1,2", ["1,2"]),
        ("compare --activation nothing-like-this", []),
        ("compare --activation nothing-like-this:", []),
    ],
)
def test_whole_words_are_completed(fish, line: str, offered: list[str]) -> None:
    assert fish(line) == offered


def test_a_parameter_that_was_given_is_not_offered_again(fish) -> None:
    offered = fish("compare --optimizer sgd:momentum=0.9:")
    assert not any(":momentum=" in each.removeprefix("sgd:momentum=0.9") for each in offered)
    assert "sgd:momentum=0.9:weight_decay=" in offered


def test_a_name_of_several_plugins_is_offered_qualified(fish) -> None:
    assert fish("compare --scheduler cosine-ann") == ["cosine-annealing"]  # the short name means the built-in one
    assert "foundations/cosine-annealing" in fish("compare --scheduler foundations/")


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["compare", "--activation", "relu,leaky-r"], ["relu,leaky-relu"]),
        (["compare", "--activation", "leaky-relu", ":", "neg"], ["negative_slope=", "negative_slope=0.01"]),
        (["compare", "--activation", "leaky-relu", ":"], ["negative_slope=", "negative_slope=0.01"]),
        (["compare", "--activation", "leaky-relu", ":", "negative_slope", "="], ["0.01"]),
        (["compare", "--activation", "=", "tanh,leaky-r"], ["tanh,leaky-relu"]),
        (["compare", "--precision", "=", "bf"], ["bfloat16"]),
        (["compare", "--optimizer", "sgd", ":", "momentum", "=", "0.9", ":", "nest"], ["nesterov=", "nesterov=false"]),
        (
            ["compare", "--activation", "leaky-relu", ":", "negative_slope", "=", "0.1,ta"],
            ["0.1,tanh", "0.1,tanhshrink"],
        ),
        (["compare", "--activation", "relu", "--dataset", "fash"], ["fashion-mnist"]),
        (["li"], ["list"]),
    ],
)
def test_bash_gets_what_goes_behind_its_last_break(bash, words: list[str], offered: list[str]) -> None:
    assert bash(*words) == offered


def test_zsh_gets_escaped_colons(zsh) -> None:
    answer = zsh("compare --activation leaky-relu:")
    assert r"leaky-relu\\:negative_slope=" in answer
    assert answer.startswith("_arguments")


def test_runs_are_offered_by_name(fish, tmp_path) -> None:
    for name in ("digits-1", "digits-2"):
        (tmp_path / "results" / name / "journal").mkdir(parents=True)
    (tmp_path / "results" / "no-run").mkdir()
    assert fish("results show ") == ["digits-1", "digits-2"]
    assert fish("report digits-") == ["digits-1", "digits-2"]


@pytest.mark.parametrize(
    "command",
    [
        "plot",
        "report",
        "confirm",
        "replay",
        *(f"results {name}" for name in ("show", "export", "doctor", "rm", "merge", "rm digits-1", "merge digits-1")),
    ],
)
def test_every_command_that_takes_a_run_completes_its_name(fish, tmp_path, command: str) -> None:
    (tmp_path / "results" / "digits-1" / "journal").mkdir(parents=True)
    assert fish(f"{command} dig") == ["digits-1"]


def test_runs_are_offered_from_the_folder_that_was_given(fish, tmp_path) -> None:
    (tmp_path / "elsewhere" / "digits-3" / "journal").mkdir(parents=True)
    assert fish("results doctor --results-dir elsewhere dig") == ["digits-3"]


@pytest.mark.parametrize("option", ["--metric", "--seed", "--variant"])
def test_an_audit_offers_the_columns_of_its_file(fish, tmp_path, option: str) -> None:
    (tmp_path / "x.csv").write_text("method,run,top 1 accuracy\na,1,0.5\n", encoding="utf-8")
    assert fish(f"results audit x.csv {option} ") == ["method", "run", "top 1 accuracy"]
    assert fish(f"results audit none.csv {option} ") == []


def test_a_broken_plugin_does_not_disturb_completion(fish, install) -> None:
    install("broken", "print('hello'); 1 / 0")
    assert fish("compare --activation leaky-r") == ["leaky-relu"]
    assert fish("plugins uninstall bro") == ["broken"]


@pytest.mark.parametrize(
    ("words", "current", "joined"),
    [
        (["dlbench", "a", ":", "b", "=", "c", "d"], 5, (["dlbench", "a:b=c", "d"], 1)),
        (["dlbench", "a", ":", "b", "=", "c", "d"], 6, (["dlbench", "a:b=c", "d"], 2)),
        (["dlbench", "--x", "=", "y"], 3, (["dlbench", "--x=y"], 1)),
        (["dlbench", "a", ":", ""], 3, (["dlbench", "a:"], 1)),
        (["dlbench", "a", ""], 2, (["dlbench", "a", ""], 2)),
        (["dlbench"], 1, (["dlbench"], 1)),
    ],
)
def test_what_bash_broke_is_joined(words, current: int, joined) -> None:
    assert _joined(words, current) == joined


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("compare --metric test_acc", "test_accuracy"),
        ("results show x --metric gradient_n", "gradient_norm"),
        ("plot x --kind diff", "differences"),
        ("plot x --kind curves,gra", "curves,gradients"),
        ("plot x --format s", "svg"),
        ("results export x --table per", "per-class"),
        ("results export x --format la", "latex"),
        ("compare --diagnostics satur", "saturation"),
        ("compare --diagnostics saturation,fi", "saturation,first"),
    ],
)
def test_what_tables_name_is_completed(fish, line: str, offered: str) -> None:
    assert offered in fish(line)


@pytest.mark.slow
def test_completion_draws_and_computes_nothing(tmp_path) -> None:
    for line in ("plot x --kind ", "plot x --format ", "results export x --table ", "compare --metric "):
        surroundings = {
            **os.environ,
            "_DLBENCH_COMPLETE": "complete_fish",
            "_TYPER_COMPLETE_FISH_ACTION": "get-args",
            "_TYPER_COMPLETE_ARGS": f"dlbench {line}",
        }
        command = [sys.executable, "-X", "importtime", "-m", "dlbench"]
        done = subprocess.run(command, env=surroundings, cwd=tmp_path, capture_output=True, text=True, check=False)
        imported = {words.rpartition("|")[2].strip() for words in done.stderr.splitlines()}
        assert not imported & {"torch", "matplotlib", "pandas", "scipy"}
        assert done.stdout


def test_zsh_keeps_apostrophes(zsh) -> None:
    answer = zsh("compare --diagnostics step")
    assert "epoch'\\''s step losses" in answer
    assert "the epoch's step losses" in shlex.split(answer)[1]


def test_every_built_in_figure_has_a_title_and_no_other() -> None:
    assert {name: kind.title for name, kind in KINDS.items()} == TITLES
