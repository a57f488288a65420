"""Any input ends with exit code 0, 1 or 2 and a clear message: thousands of random and hostile inputs."""

import contextlib
import csv
import io
import json
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dlbench.analysis.audit import audit_file
from dlbench.analysis.spreadsheets import read_sheet
from dlbench.cli.main import main
from dlbench.components.axes import AXES
from dlbench.components.syntax import parse_reference, split_assignments, split_list
from dlbench.errors import DlbenchError
from dlbench.experiments.experiment_file import load_experiment
from dlbench.plans.build import build
from dlbench.plans.plan import Request
from dlbench.runs.journal import read_journal
from dlbench.runs.locations import NAME
from dlbench.trials.settings import SETTINGS

#: How many inputs each property gets in the default suite and in the slow one, and the command line there.
FEW, MANY, LINES = 15, 1500, 600
#: How standard output and standard error take what their encoding lacks.
OUTPUT_ERRORS = ("strict", "backslashreplace")


NASTY = st.sampled_from(
    [
        *(
            "",
            " ",
            ":",
            "=",
            ",",
            ";",
            '"',
            "'",
            "\\",
            "/",
            "..",
            "../..",
            "-",
            "--",
            "-1",
            "1e999",
            "nan",
            "inf",
            "-inf",
        ),
        *(
            "\0",
            "\n",
            "\r\n",
            "\t",
            "\x1b[31m",
            "\ud800",
            "é",
            "💥",
            "٣",
            "a" * 5000,
            "[red]",
            "{x}",
            "%s",
            "$(id)",
            "`id`",
        ),
        *("0x10", "1_000", "None", "true", "null", "relu", "relu,", ",relu", "relu:", "relu:a", "relu:a=", "relu:=1"),
        *("mlp:hidden=", "mlp:hidden=1-", "mlp:hidden=999999999999", '"', '"relu', 'relu"x"', "standard/relu", "/relu"),
        *("relu/", "no/such", "leaky-relu:negative_slope=1e400", "image-folder:path=C:\\x", "npz:path=/dev/null"),
        *("auto", "auto:", "auto:3..2", "auto:1..99999999999", "last:0", "last:-1", "first:1e9", "0,1,1", "1,,2"),
    ]
)
TEXT = st.one_of(NASTY, st.text(max_size=20), st.text(alphabet='relu:=,;-"0.1/ \\', max_size=20))
OPTIONS = [
    *(f"--{axis}" for axis in AXES),
    *(setting.option for setting in SETTINGS.values()),
    *("--variant", "--seeds", "--seed", "--name", "--baseline", "--metric", "--margin", "--alpha", "--force", "--jobs"),
    *(
        "--max-time",
        "--executor",
        "--results-dir",
        "--all-pairs",
        "--noise-floor",
        "--json",
        "--quiet",
        "--convergence",
    ),
]
COMMANDS = st.sampled_from(
    [
        ("compare", "--dry-run"),
        ("compare",),
        ("run",),
        ("run", "mine.toml", "--dry-run"),
        ("list",),
        ("list", "models"),
        ("list", "--json"),
        ("show",),
        ("show", "activation"),
        ("show", "schedule"),
        ("results", "show"),
        ("results", "show", "run"),
        ("results", "export", "run"),
        ("results", "doctor"),
        ("results", "doctor", "run"),
        ("results", "merge"),
        ("results", "merge", "run"),
        ("results", "rm"),
        ("results", "list"),
        ("results", "audit", "file.csv"),
        ("data",),
        ("data", "list"),
        ("plugins",),
        ("plot",),
        ("report",),
        (),
    ]
)
ARGUMENT = st.one_of(
    TEXT,
    st.sampled_from([*OPTIONS, "--help", "--version", "--debugg", "run", "file.csv", "mine.toml", ".", "/dev/null"]),
    st.builds("{}={}".format, st.sampled_from(OPTIONS), TEXT),
)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with a partly damaged run, an experiment and a CSV file; no worker starts here."""
    folder = tmp_path_factory.mktemp("place")
    (folder / "results" / "run" / "journal").mkdir(parents=True)
    (folder / "results" / "run" / "journal" / "x.jsonl").write_text('{"trial_id": "x"}\n')
    (folder / "mine.toml").write_text('schema = 1\ntitle = "t"\nreport = "r"\n[axes]\nactivation = ["relu", "tanh"]\n')
    (folder / "file.csv").write_text("variant,seed,metric\na,1,0.5\nb,1,0.7\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("DLBENCH_PLUGINS", "")
        patch.setenv("COLUMNS", "80")
        patch.setenv("DLBENCH_DATA_DIR", str(folder / "data"))
        patch.setattr("dlbench.executors.processes.Worker", _no_workers)
        yield folder


def _no_workers(*_: Any) -> Any:
    raise DlbenchError("Nothing trains in this test.")


def run_command(arguments):
    """Run a command line in this process, with streams encoded like those of a process."""
    streams = [io.TextIOWrapper(io.BytesIO(), "utf-8", errors, write_through=True) for errors in OUTPUT_ERRORS]
    argv, sys.argv = sys.argv, ["dlbench", *arguments]
    code = 0
    try:
        with contextlib.redirect_stdout(streams[0]), contextlib.redirect_stderr(streams[1]):
            main()
    except SystemExit as ended:
        code = ended.code or 0
    finally:
        sys.argv = argv
    return code, b"".join(stream.buffer.getvalue() for stream in streams).decode(errors="replace")


def check_command_line(place, command, arguments):
    code, printed = run_command([*command, *arguments])
    assert code in (0, 1, 2), printed
    assert "Traceback" not in printed
    assert "did not expect" not in printed


def answered(function, *arguments):
    """Return a function's result, or None where it raises an error for users; any other exception fails the test."""
    try:
        return function(*arguments), ""
    except DlbenchError as error:
        return None, error.message


def check_syntax(text):
    for read in (split_list, split_assignments):
        answered(read, text)
    reference, message = answered(parse_reference, text)
    assert (reference is None) == bool(message)


def check_plan(registry, values, variants, seeds):
    plan, message = answered(build, Request(values=values, variants=variants, seeds=seeds), registry)
    assert (plan is None) == bool(message)
    if plan:
        assert NAME.match(plan.name)
        trials = plan.trials
        assert len({trial.trial_id for trial in trials}) == len(trials)


def check_experiment(content):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "mine.toml"
        path.write_bytes(content)
        _, message = answered(load_experiment, path)
        assert not message or "mine.toml" in message


def check_csv(content):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file.csv"
        path.write_bytes(content)
        sheet, message = answered(read_sheet, path)
        assert "file.csv" in message if sheet is None else all(set(c) <= set(sheet.columns) for _, c in sheet.rows)
        columns = {"metric": "metric"}
        found, message = answered(partial(audit_file, lower_is_better=True), path, "variant", "seed", columns)
        assert found is not None or message


def check_journal(content):
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "journal").mkdir()
        (Path(folder) / "journal" / "a.jsonl").write_bytes(content)
        journal = read_journal(Path(folder))
        lines = [line for line in content.split(b"\n") if line.strip()]
        assert len(journal.records) + len(journal.warnings) <= len(lines)


VALUES = st.dictionaries(
    st.one_of(st.sampled_from([*AXES, *SETTINGS]), TEXT), st.lists(TEXT, max_size=3).map(tuple), max_size=4
)
VARIANTS = st.lists(st.dictionaries(st.one_of(st.sampled_from(["label", "model", "epochs"]), TEXT), TEXT), max_size=2)
SEEDS = st.one_of(st.none(), st.integers(-5, 50), st.lists(st.integers(-(2**70), 2**70), max_size=4))
TOML_VALUE = st.one_of(
    st.integers(), st.floats(), st.booleans(), TEXT, st.lists(TEXT, max_size=3), st.dictionaries(TEXT, TEXT, max_size=2)
)


def _toml(table):
    def write(value):
        if isinstance(value, dict):
            return "{" + ", ".join(f"{json.dumps(key)} = {write(each)}" for key, each in value.items()) + "}"
        if isinstance(value, list):
            return "[" + ", ".join(map(write, value)) + "]"
        return json.dumps(value).replace("Infinity", "inf").replace("NaN", "nan")

    return "\n".join(f"{json.dumps(key)} = {write(value)}" for key, value in table.items()).encode(errors="replace")


KEYS = st.sampled_from(
    ["schema", "title", "report", "seeds", "settings", "axes", "variants", "reported", "claims", "tags", "margin", "x"]
)
EXPERIMENTS = st.one_of(
    st.binary(max_size=200),
    st.dictionaries(KEYS, TOML_VALUE, max_size=6).map(lambda table: _toml({"schema": 1, **table})),
    st.builds(
        lambda relation: (
            _toml({"schema": 1, "title": "t", "report": "r", "axes": {"activation": ["relu", "elu"]}})
            + b"\n[[claims]]\nmetric = 'test_accuracy'\ntext = 'x'\n"
            + _toml({"relation": relation})
        ),
        st.text(alphabet="relu<>≈ *.0123456789()monteiactv,_", max_size=40),
    ),
)


def _sheet(rows, delimiter):
    file = io.StringIO(newline="")
    csv.writer(file, delimiter=delimiter).writerows([["variant", "seed", "metric"], *rows])
    return file.getvalue().encode(errors="surrogatepass")


SHEETS = st.one_of(
    st.binary(max_size=200),
    st.builds(_sheet, st.lists(st.lists(TEXT, max_size=4), max_size=6), st.sampled_from(",;\t")),
    st.builds(lambda text: text.encode("utf-16"), st.text(max_size=60)),
)
JOURNALS = st.one_of(
    st.binary(max_size=300),
    st.lists(
        st.sampled_from(
            [
                b'{"trial_id": "x", "trial": {}, "status": "done"}',
                b"[" * 3000,
                b"{}",
                b"null",
                b'"x"',
                b"1e999",
                b"\xff",
            ]
        )
    ).map(b"\n".join),
)

PROPERTIES = [
    pytest.param(check_command_line, st.tuples(COMMANDS, st.lists(ARGUMENT, max_size=5)), id="command line"),
    pytest.param(check_syntax, st.tuples(TEXT), id="component syntax"),
    pytest.param(check_plan, st.tuples(VALUES, VARIANTS, SEEDS), id="plan"),
    pytest.param(check_experiment, st.tuples(EXPERIMENTS), id="experiment file"),
    pytest.param(check_csv, st.tuples(SHEETS), id="CSV file"),
    pytest.param(check_journal, st.tuples(JOURNALS), id="journal"),
]


@pytest.mark.parametrize("count", [FEW, pytest.param(MANY, marks=pytest.mark.slow)], ids=["few", "many"])
@pytest.mark.parametrize(("check", "inputs"), PROPERTIES)
def test_any_input_is_answered(place, registry, check, inputs, count):
    first = {check_command_line: (place,), check_plan: (registry,)}.get(check, ())

    many = LINES if check is check_command_line else MANY

    @settings(max_examples=min(count, many), suppress_health_check=list(HealthCheck))
    @given(inputs)
    def hold(given_inputs):
        check(*first, *given_inputs)

    hold()
