import platform
import subprocess
import sys

import pytest

SCRIPT = """
import sys
from pathlib import Path
import numpy
from dlbench.executors.allocator import keep_freed_memory

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

if sys.argv[1] == "kept":
    assert keep_freed_memory()
array = numpy.ones(200_000_000, numpy.uint8)
full = resident()
del array
print(full - resident())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc's allocator takes the options")
def test_freed_memory_stays_in_the_process_once_the_allocator_is_told():
    def given_back(mode):
        done = subprocess.run([sys.executable, "-c", SCRIPT, mode], capture_output=True, text=True, check=True)
        return int(done.stdout)

    assert given_back("default") > 150_000_000
    assert given_back("kept") < 50_000_000
