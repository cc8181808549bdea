"""Memory that holds only zeros, given back to the system."""

import ctypes
import mmap
from collections.abc import Iterator
from pathlib import Path

# Larger than what malloc keeps for a thread (64 MiB), in which other threads may be writing
LARGE = 64 * 2**20
PIECE = 64 * 2**10
MAPS = Path("/proc/self/maps")


def release() -> None:
    """Give back the pages of large anonymous mappings that hold only zeros; they read as zeros
    again when they are needed. Without /proc, nothing is given back.

    Nothing may write to such a mapping meanwhile: what is written between the look at a piece and
    its return is lost.
    """
    # Without letting another thread of Python run, or making an object, between the two calls
    libc, zeros, size = ctypes.PyDLL(None), bytes(PIECE), ctypes.c_size_t(PIECE)
    for start, end in _large_mappings():
        for at in range(start, end - PIECE + 1, PIECE):
            piece = ctypes.c_void_p(at)
            if not libc.memcmp(piece, zeros, size):
                libc.madvise(piece, size, mmap.MADV_DONTNEED)


def _large_mappings() -> Iterator[tuple[int, int]]:
    for line in MAPS.read_text().splitlines() if MAPS.exists() else []:
        addresses, access, _, _, inode, *name = line.split()
        start, end = (int(each, 16) for each in addresses.split("-"))
        # One with a name is the heap, in which all threads write
        if access == "rw-p" and inode == "0" and not name and end - start > LARGE:
            yield start, end
