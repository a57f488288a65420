"""Keep freed memory in the process: the largest hidden cost of training on a CPU."""

import ctypes
import ctypes.util

# The numbers of glibc's malloc.h.
_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_MAX = -1, -2, -4
_TOP_PAD_BYTES = 64 * 2**20


def keep_freed_memory() -> bool:
    """Make glibc reuse freed memory instead of returning it; call it before the first large tensor.

    By default every activation above a threshold is mapped again at each step, and each of its pages faulted in. The
    price is that a process keeps its peak until it ends. Returns False for other C libraries, which stay unchanged.
    """
    try:
        library = ctypes.CDLL(ctypes.util.find_library("c"))
        if not hasattr(library, "gnu_get_libc_version"):
            return False
        accepted = [library.mallopt(_M_MMAP_MAX, 0), library.mallopt(_M_TRIM_THRESHOLD, -1)]
        return all([*accepted, library.mallopt(_M_TOP_PAD, _TOP_PAD_BYTES)])
    except (OSError, AttributeError):
        return False
