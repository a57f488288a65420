"""Bad input: one clear sentence, what to type next, exit code 2, nothing written."""

import gzip
import struct

import pytest

from command_reference import commands
from dlbench.errors import DlbenchError

BAD = [
    (["--activation", "rleu"], "no activation 'rleu'", "Did you mean relu"),
    (["--model", "nlp"], "no model 'nlp'", "mlp"),
    (["--dataset", "digit"], "no data set 'digit'", "digits"),
    (["--activation", "relu:slope=1"], "no parameter 'slope'", "It takes none"),
    (["--activation", "leaky-relu:slope=1"], "no parameter 'slope'", "negative_slope"),
    (["--activation", "leaky-relu:negative_slope=abc"], "takes a number, not 'abc'", "default 0.01"),
    (["--model", "mlp:dropout=1.5"], "out of range", "from 0 to 1"),
    (["--model", "mlp:hidden=64-x"], "numbers joined by '-'", "default 128-64"),
    (["--activation", ""], "The list is empty", "relu,tanh"),
    (["--activation", "relu,,tanh"], "empty item", "relu,tanh"),
    (["--learning-rate", "-1"], "out of range", "at least 0"),
    (["--learning-rate", "nan"], "out of range", "at least 0"),
    (["--batch-size", "0"], "out of range", "at least 1"),
    (["--epochs", "9223372036854775808"], "out of range", "at least 1"),
    (["--epochs", "1.5"], "takes a whole number", "default 10"),
    (["--precision", "float16"], "does not take 'float16'", "bfloat16"),
    (["--validation", "1.5"], "Invalid value '1.5'", "last:N"),
    pytest.param(["--validation", "last:1437"], "leaves nothing of 1437 training images", "", marks=pytest.mark.slow),
    (["--train-size", "9999"], "more than the 1150 images", ""),
    (["--test-size", "999"], "more than the 360 test images", ""),
    (
        ["--tune", "model.dropout=0", "model.dropout=0.3", "model.dropout=0.5"],  # what shells make of {0,0.3,0.5}
        "several words of model.dropout={…}",
        "--tune model.dropout=choice:A/0.3/0.5",
    ),
    (["--tune", "model.dropout=choice:0/0.5", "extra"], "unexpected extra argument", "dlbench compare --help"),
    (["--validation", "own"], "no validation split of its own", ""),
    (["--augment", "crop,flop"], "no augmentation 'flop'", "flip"),
    (
        ["--activation", "relu,tanh", "--baseline", "zzz"],
        "no variant and no value of an axis 'zzz'",
        "There are relu, tanh.",
    ),
    (["--metric", "zzz"], "no metric 'zzz'", "dlbench list metrics"),
    (["--seeds", "x"], "takes whole numbers", "--seed 0,1,2"),
    (["--seeds", "0"], "At least one seed", "--seeds 7"),
    (["--seed", "1,1"], "A seed is named twice", ""),
    (["--seed", "9223372036854775808"], "Seeds go up to 4611686018427387904", "--seed 0,1,2"),
    (["--seeds", str(10**30)], f"{10**30} seeds are more than 100000", "--seeds 30"),
    (["--seeds", f"auto:7..{10**30}"], f"{10**30} seeds are more than 100000", "--seeds 30"),
    (["--seeds", "auto:30..7"], "not a range", "auto:7..30"),
    (["--seeds", ""], "--seeds is empty", "omit the option"),
    (["--name", ""], "--name is empty", "omit the option"),
    (["--baseline", ""], "--baseline is empty", "omit the option"),
    (["--name", "a" * 300], "The run name has 300 characters", "at most 200"),
    (["--learning-rate", "1e400"], "--learning-rate = 1e400 is larger than any number here", "at least 0"),
    (["--optimizer", "sgd:momentum=1e999"], "sgd:momentum = 1e999 is larger than any number here", ""),
    (["--epochs", "0x10"], "takes a whole number, not '0x10'", ""),
    (["--activation", "relu,tanh", "--alpha", "1e-300"], "alpha must be at least 1e-05", "--alpha 0.05"),
    (["--executor", "local:jobs=-1"], "out of range", "at least 1"),
    (["--seeds", "2", "--seed", "1"], "--seeds says how many", ""),
    (["--activation", "relu,relu"], "are the same", "once"),
    (["--model", "linear", "--activation", "relu,tanh"], "linear has no activation to vary", ""),
    (["--model", "torchvision/alexnet,torchvision/vgg16"], "too small for alexnet", "These models take such images"),
    (["--dataset", "image-folder"], "needs its parameter path", "image-folder:path="),
    (["--dataset", "npz:path=nowhere.npz"], "nowhere.npz", ""),
    (["--variant", "foo"], "does not read key=value", "--variant"),
    (["--variant", "modle=mlp"], "no key 'modle'", "model"),
    (["--variant", "label=a\nb;activation=relu"], "Invalid label 'a\\nb'", "one line"),
    (["--variant", "label=\udcff;activation=relu"], "Invalid label '\\udcff'", "printable"),
    (["--name", "../up"], "Invalid run name", "letters"),
    (["--executor", "lsf"], "no executor 'lsf'", "dlbench list executors"),
    (["--optimizer", "sgd:nesterov=true"], "needs a momentum above 0", ""),
    (["--results-dir", "file/below"], "cannot be written", "--results-dir"),
]


@pytest.mark.parametrize(("arguments", "sentence", "remedy"), BAD, ids=lambda value: str(value)[:40])
def test_bad_input_is_one_sentence_and_leaves_nothing(dlbench, tmp_path, arguments, sentence, remedy):
    (tmp_path / "file").write_text("not a folder")
    done = dlbench("compare", *arguments)
    words = " ".join(done.stderr.split())
    assert done.returncode == 2
    assert sentence in words
    assert remedy in words
    assert "Traceback" not in done.stderr
    assert not any(line.startswith(" ") for line in done.stderr.splitlines())
    assert done.stdout == ""
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


FOLDERS = [
    pytest.param(command, flag, id=f"{name} {flag}")
    for name, command in commands()
    for option in command.params
    for flag in option.opts
    if flag.endswith("-dir")
]


@pytest.mark.parametrize(("command", "flag"), FOLDERS)
def test_an_empty_path_of_a_folder_is_refused_by_every_command(command, flag):
    """A shell leaves one of an unset variable; the current folder would be taken for it."""
    with pytest.raises(DlbenchError, match="The path of a folder is empty"):
        command.make_context("dlbench", [flag, ""])


def test_an_unavailable_device_is_answered_with_those_available(dlbench, tmp_path):
    done = dlbench("compare", "--device", "mps")
    assert done.returncode == 2
    assert "No mps device is available: torch finds cpu" in " ".join(done.stderr.split())
    assert "--device cpu" in done.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_an_unavailable_data_set_is_answered_with_where_to_put_its_files(dlbench, tmp_path):
    """Tests usually run without a network; with one, the files are there afterwards, which is correct too."""
    data = tmp_path / "data"
    environment_has_network = dlbench("data", "fetch", "kmnist", data=data).returncode == 0
    if environment_has_network:
        pytest.skip("this machine reaches the publisher")
    done = dlbench("compare", "--dataset", "kmnist", data=data)
    words = " ".join(done.stderr.split())
    assert done.returncode == 2
    assert "downloading 21 MB" in words
    assert "could not be downloaded" in words
    assert "KMNIST/raw" in words
    assert not (tmp_path / "results").exists()


def _idx(values, dimensions):
    header = struct.pack(">HBB", 0, 8, len(dimensions)) + b"".join(struct.pack(">I", size) for size in dimensions)
    return header + values


def test_a_truncated_file_is_named_with_what_was_expected_and_found(dlbench, tmp_path):
    raw = tmp_path / "data" / "KMNIST" / "raw"
    raw.mkdir(parents=True)
    for part, count in (("train", 60000), ("t10k", 10000)):
        (raw / f"{part}-images-idx3-ubyte").write_bytes(_idx(b"\0" * 1000, (count, 28, 28)))
        (raw / f"{part}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(_idx(b"\0" * count, (count,))))
    done = dlbench("compare", "--dataset", "kmnist", data=tmp_path / "data")
    words = " ".join(done.stderr.split())
    assert done.returncode == 2
    assert "train-images-idx3-ubyte" in words
    assert "47040016" in words.replace(",", "")
    assert "1016" in words.replace(",", "")


def test_an_unwritable_data_folder_says_what_to_set(dlbench, tmp_path):
    (tmp_path / "occupied").write_text("")
    done = dlbench("compare", data=tmp_path / "occupied" / "below")
    assert done.returncode == 2
    assert "--data-dir or DLBENCH_DATA_DIR" in " ".join(done.stderr.split())


def test_debug_shows_the_traceback(dlbench):
    with pytest.raises(DlbenchError, match="no activation 'rleu'"):
        dlbench("--debug", "compare", "--activation", "rleu")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        (["list", "modles"], "Did you mean models"),
        (["list", "models", "nosuch"], "No model matches 'nosuch'"),
        (["show", "model", "resnet19"], "Did you mean"),
        (["show", "colour", "red"], "Unknown kind"),
        (["show", "optimizer", "sgd:momentun=1"], "momentum"),
        (["show", "model", "mlp", "--dataset", "synthetic"], "no fixed shape"),
        (["results", "show", "nosuch"], "There is no run 'nosuch'"),
        (["data", "fetch", "nosuch"], "no data set 'nosuch'"),
    ],
)
def test_other_commands_answer_bad_input_the_same_way(dlbench, command, sentence):
    done = dlbench(*command)
    assert done.returncode == 2
    assert sentence in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


def test_a_folder_after_an_equals_sign_may_begin_at_home(dlbench, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    done = dlbench("data", "list", "--data-dir=~/q'u o")
    assert f"Data folder: {tmp_path}/home/q'u o" in done.stdout
    assert not (tmp_path / "~").exists()
