"""The example notebook, executed as people execute it: in a kernel of its own."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

NOTEBOOK = Path(__file__).parents[2] / "docs" / "how-to" / "notebook.ipynb"


@pytest.fixture
def executed(tmp_path: Path, data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> list[list[dict]]:
    """The outputs of each cell with code."""
    for package in ("nbconvert", "ipykernel"):
        pytest.importorskip(package, reason="install dlbench[notebook]")
    shutil.copy(NOTEBOOK, tmp_path)
    monkeypatch.setenv("DLBENCH_DATA_DIR", str(data_dir))
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path / "configuration"))
    command = [sys.executable, "-m", "nbconvert", "--to", "notebook", "--execute", "--output", "executed.ipynb"]
    subprocess.run([*command, NOTEBOOK.name], cwd=tmp_path, check=True, capture_output=True, timeout=240)
    cells = json.loads((tmp_path / "executed.ipynb").read_text(encoding="utf-8"))["cells"]
    return [cell["outputs"] for cell in cells if cell["cell_type"] == "code"]


@pytest.mark.slow
def test_a_notebook_shows_progress_in_one_output_then_verdicts_and_a_figure(executed, tmp_path):
    progress, result = executed[2]
    assert "9/9 trials" in "".join(progress["data"]["text/html"])
    shown = "".join(result["data"]["text/html"])
    assert "no claim on Squared against relu" in shown
    assert "data:image/png;base64," in shown
    assert "".join(result["data"]["text/plain"]).endswith("relu, tanh, Squared; 3 seeds, 9 trials>")
    assert "relu" in "".join(executed[3][0]["data"]["text/html"])
    assert executed[4][0]["data"]["image/png"]
    (folder,) = (tmp_path / "results").iterdir()
    assert (folder / "report.html").stat().st_size > 10_000
