import json

import pytest

from dlbench.machine import Machine, Training
from dlbench.sessions.doctor import examine_training


def _checks(done):
    return {check["name"]: check for check in json.loads(done.stdout)}


@pytest.mark.slow
def test_the_doctor_lists_what_it_finds_and_whether_it_is_healthy(dlbench, data_dir):
    done = dlbench("doctor", "--json")
    checks = _checks(done)
    assert done.returncode == 0, done.stdout
    assert "torch" in checks["versions"]["found"]
    assert checks["data folder"]["found"] == str(data_dir)
    assert {"machine", "allocator", "bfloat16", "matmul precision", "peak float32", "results folder"} <= checks.keys()
    assert checks["plugin standard"]["health"] == "ok"


def test_the_doctor_names_a_broken_plugin_and_a_folder_that_cannot_be_used(dlbench, install, tmp_path):
    install("broken", "raise RuntimeError('no')")
    (tmp_path / "file").write_text("")
    done = dlbench("doctor", "--json", "--results-dir", str(tmp_path / "file" / "results"))
    checks = _checks(done)
    assert done.returncode == 1
    assert "RuntimeError: no" in checks["plugin broken"]["found"]
    assert "pip" in checks["plugin broken"]["advice"]
    assert checks["results folder"]["health"] == "broken"
    assert "--results-dir" in checks["results folder"]["advice"]


def test_the_doctor_names_a_broken_file_of_defaults_and_goes_on(dlbench, tmp_path):
    (tmp_path / "dlbench.toml").write_text("seeds = [1\n")
    done = dlbench("doctor", "--json")
    checks = _checks(done)
    assert done.returncode == 1
    assert checks["dlbench.toml"]["health"] == "broken"
    assert "dlbench.toml is not valid TOML" in checks["dlbench.toml"]["found"]
    assert "move the file away" in checks["dlbench.toml"]["advice"]
    assert {"versions", "machine", "data folder", "results folder", "plugin standard"} <= checks.keys()


def test_the_doctor_gives_advice_for_a_gpu_where_there_is_one():
    exact = {"highest": 1e-7}
    for devices, advised in ((("cpu",), False), (("cpu", "cuda"), True)):
        machine = Machine(devices, "a GPU" if advised else "", {"cpu": False}, exact)
        training = Training(machine=machine, allocator=True, peaks={}, linear_rates={"highest": 1.0})
        checks = {check.name: check for check in examine_training(training, 2)}
        assert ("--cuda-graphs" in checks["devices"].advice) == advised


def test_the_doctor_s_table_is_for_people(dlbench):
    done = dlbench("doctor", columns=120)
    assert done.returncode == 0
    assert "loses no digits" in done.stdout
