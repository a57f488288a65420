import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from dlbench.runs.provenance import (
    arithmetic_variables,
    collect_provenance,
    cpu_capability,
    differences,
    provenance_id,
)


def test_provenance_holds_versions_plugins_and_hardware():
    found = collect_provenance({"foundations": "0.2.0"}, {"gpu": "A GPU"})
    assert set(found["versions"]) == {"dlbench", "torch", "torchvision", "numpy", "python"}
    assert all(re.match(r"\d+\.\d+", version) for version in found["versions"].values())
    assert found["plugins"] == {"foundations": "0.2.0"}
    assert found["hardware"]["gpu"] == "A GPU"
    assert found["hardware"]["cpu"]
    assert found["hardware"]["cores"] >= 1
    json.dumps(found, allow_nan=False)


def test_provenance_has_the_commit_of_the_working_directory_and_says_whether_files_differ(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert collect_provenance({}, {})["git_commit"] is None
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b"]
    (tmp_path / "file").write_text("1")
    for arguments in (["init", "-q"], ["add", "file"], ["commit", "-q", "-m", "first"], ["tag", "v1"]):
        subprocess.run([*git, *arguments], check=True, capture_output=True)
    head = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()
    assert collect_provenance({}, {})["git_commit"] == head
    (tmp_path / "file").write_text("2")
    assert collect_provenance({}, {})["git_commit"] == f"{head}-dirty"


def test_the_provenance_id_depends_on_what_decides_numbers_and_on_nothing_else(provenance):
    known = provenance_id(provenance)
    assert re.fullmatch(r"[0-9a-f]{12}", known)
    irrelevant = provenance | {"git_commit": "abc", "hardware": provenance["hardware"] | {"cores": 64}}
    assert provenance_id(irrelevant) == known
    for changed in (
        provenance | {"versions": provenance["versions"] | {"torch": "2.9.1"}},
        provenance | {"plugins": {"foundations": "0.1.1"}},
        provenance | {"hardware": provenance["hardware"] | {"gpu": "A GPU"}},
        provenance | {"hardware": provenance["hardware"] | {"cpu": "Another CPU"}},
    ):
        assert provenance_id(changed) != known


def test_a_session_without_sources_and_variables_keeps_its_id(provenance):
    assert provenance_id(provenance | {"sources": {}, "arithmetic": {}}) == provenance_id(provenance)
    for name in ("sources", "arithmetic"):
        assert provenance_id(provenance | {name: {"snake": "0123"}}) != provenance_id(provenance)


def _with_capability(provenance, capability):
    return provenance | {"hardware": provenance["hardware"] | {"cpu_capability": capability}}


def test_the_cpus_instructions_are_part_of_the_provenance_and_unknown_ones_may_have_been_the_same(provenance):
    new, other = _with_capability(provenance, "AVX2"), _with_capability(provenance, "AVX512")
    assert len({provenance_id(each) for each in (provenance, new, other)}) == 3
    assert differences(new, other, []) == ["cpu_capability AVX2 → AVX512"]
    assert differences(provenance, other, []) == []


@pytest.mark.slow
@pytest.mark.parametrize("chosen", ["", "default", "avx2"])
def test_the_cpus_instructions_are_those_that_torch_takes(chosen):
    environment = {name: value for name, value in os.environ.items() if name != "ATEN_CPU_CAPABILITY"}
    environment |= {"ATEN_CPU_CAPABILITY": chosen} if chosen else {}
    found = cpu_capability(Path("/proc/cpuinfo").read_text(), environment) if sys.platform == "linux" else ""
    if not found:
        pytest.skip("the processor's instructions are not known here")
    program = "import torch; print(torch.backends.cpu.get_cpu_capability())"
    command = [sys.executable, "-c", program]
    asked = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert found == asked.stdout.strip()


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ("fpu sse2 avx", "DEFAULT"),
        ("avx2 fma", "AVX2"),
        ("avx2 fma avx512f avx512vl avx512bw avx512dq", "AVX512"),
        ("avx2 avx512vl", "DEFAULT"),
    ],
)
def test_a_virtual_machine_may_hide_instructions_of_its_processor(flags, expected):
    assert cpu_capability(f"processor\t: 0\nmodel name\t: A CPU\nflags\t\t: {flags}\n", {}) == expected
    assert cpu_capability("processor: 0\n", {}) == ""


def test_variables_that_set_the_arithmetic_are_kept_and_those_that_only_say_more_are_not():
    decisive = {"MKL_CBWR": "COMPATIBLE", "ATEN_CPU_CAPABILITY": "default", "ONEDNN_MAX_CPU_ISA": "SSE41"}
    decisive |= {"DNNL_DEFAULT_FPMATH_MODE": "BF16", "NVIDIA_TF32_OVERRIDE": "1", "CUBLAS_WORKSPACE_CONFIG": ":16:8"}
    other = {"PATH": "/bin", "OMP_NUM_THREADS": "4", "ONEDNN_VERBOSE": "1", "DNNL_JIT_PROFILE": "1"}
    assert arithmetic_variables(decisive | other) == dict(sorted(decisive.items()))


def test_what_differs_is_named_for_the_plugins_of_a_trial_alone(provenance):
    before = provenance | {"plugins": {"a": "1", "b": "1"}, "sources": {"a": "0", "b": "0"}, "arithmetic": {}}
    now = before | {"sources": {"a": "1", "b": "0"}, "arithmetic": {"MKL_CBWR": "AVX2"}}
    assert differences(before, now, ["a"]) == ["the code of a", "MKL_CBWR None → AVX2"]
    assert differences(before, now, ["b"]) == ["MKL_CBWR None → AVX2"]
    assert differences(before, before, ["a", "b"]) == []


def test_a_session_that_did_not_look_at_sources_differs_by_none(provenance):
    assert differences(provenance, provenance | {"sources": {"foundations": "0123"}}, ["foundations"]) == []
