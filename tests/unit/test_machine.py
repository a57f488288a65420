"""How many cores a process may use: by its affinity, and by the quotas of control groups of both versions."""

import os

import pytest

from dlbench.machine import available_cores

pytestmark = pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="needs a process's affinity")


@pytest.fixture
def cores(tmp_path, monkeypatch):
    """The cores for the content of /proc/self/cgroup and of files below the mount, on a machine with eight."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(8)))

    def count(groups="", **files):
        (tmp_path / "groups").write_text(groups)
        for name, content in files.items():
            path = tmp_path / "mount" / name.replace("__", "/").replace("_max", ".max").replace("_cfs", ".cfs")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
        return available_cores(tmp_path / "groups", tmp_path / "mount")

    return count


def test_without_a_quota_the_affinity_counts(cores):
    assert cores() == 8
    assert cores("0::/\n", cpu_max="max 100000\n") == 8
    assert cores("1:cpu:/\n", cpu__cpu_cfs_quota_us="-1\n", cpu__cpu_cfs_period_us="100000\n") == 8


def test_a_quota_of_version_2(cores):
    assert cores("0::/a\n", a__cpu_max="300000 100000\n") == 3


def test_a_quota_of_version_2_beside_groups_of_version_1(cores):
    assert cores("1:memory:/m\n0::/a\n", unified__a__cpu_max="200000 100000\n") == 2


def test_a_quota_of_version_1(cores):
    files = {"cpu__a__cpu_cfs_quota_us": "200000\n", "cpu__a__cpu_cfs_period_us": "50000\n"}
    assert cores("3:cpu,cpuacct:/a\n", **files) == 4


def test_the_smallest_quota_on_the_way_to_the_root_counts(cores):
    assert cores("0::/a/b\n", a__b__cpu_max="500000 100000", a__cpu_max="200000 100000", cpu_max="max 1") == 2


def test_in_a_container_the_mount_may_be_the_group_itself(cores):
    assert cores("0::/docker/of/the/machine/outside\n", cpu_max="100000 100000\n") == 1


def test_a_part_of_a_core_counts_as_one_and_whole_ones_alone_count(cores):
    assert cores("0::/\n", cpu_max="20000 100000\n") == 1
    assert cores("0::/\n", cpu_max="290000 100000\n") == 2


@pytest.mark.parametrize("content", ["", "many 100000", "100000 0", "100000", "\0"])
def test_what_cannot_be_read_is_no_quota(cores, content):
    assert cores("0::/\nnonsense\n5:x", cpu_max=content) == 8
