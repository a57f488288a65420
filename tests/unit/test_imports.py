"""What must be quick imports nothing heavy: seen in fresh interpreters."""

import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = ("torch", "torchvision", "numpy", "pandas", "scipy", "sklearn", "matplotlib", "PIL")

REPORT = f"""
import atexit, sys

def report():
    print("HEAVY:", *[name for name in {HEAVY} if name in sys.modules], file=sys.stderr)

atexit.register(report)
"""
COMMAND = "from dlbench.cli.main import main\nmain()"
RECORDS = """
from dlbench.plugins.registry import Registry
from dlbench.components.records import KINDS

registry = Registry.load()
assert all(registry.entries(kind) or kind == "diagnostics" for kind in KINDS)
"""
PLANNING = ["compare", "--activation", "relu,tanh", "--dry-run"]
COMPLETION = "import os\nos.environ['_DLBENCH_COMPLETE'] = 'complete_bash'\nos.environ['COMP_WORDS'] = 'dlbench li'\n"
COMPLETION += "os.environ['COMP_CWORD'] = '1'\n"


@pytest.mark.parametrize(
    ("program", "arguments", "shown"),
    [
        pytest.param("import dlbench", [], "", id="import dlbench"),
        pytest.param(RECORDS, [], "", id="reading all records"),
        pytest.param(COMMAND, ["--help"], "Usage", id="--help"),
        pytest.param(COMMAND, ["--version"], "dlbench", id="--version"),
        pytest.param(COMMAND, ["compare", "--help"], "--activation", id="compare --help"),
        pytest.param(COMMAND, ["serve", "--help"], "127.0.0.1", id="serve --help"),
        pytest.param(COMMAND, ["list", "models"], "resnet18", id="list models"),
        pytest.param(COMMAND, ["plugins", "list"], "torchvision", id="plugins list"),
        pytest.param(COMMAND, PLANNING, "tanh", id="compare --dry-run"),
        pytest.param(COMPLETION + COMMAND, [], "list", id="completion"),
    ],
)
def test_nothing_heavy_is_imported(program: str, arguments: list[str], shown: str, tmp_path: Path) -> None:
    prepared = f"{REPORT}\nsys.argv = {['dlbench', *arguments]!r}\n{program}"
    done = subprocess.run([sys.executable, "-c", prepared], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert shown in done.stdout
    assert done.stderr.splitlines()[-1] == "HEAVY:"
    assert list(tmp_path.iterdir()) == []
