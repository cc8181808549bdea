"""The file of modules in brotli's best quality: 8% smaller than in level 9, for 14 s of one core.

Both are the same for everybody who runs this release, so the result is kept in the virtual
environment.
"""

import hashlib
import os
import sys
import threading
from contextlib import suppress
from pathlib import Path

import brotli

QUALITY, LOWEST_PRIORITY = 11, 19


def yield_to_requests() -> None:
    """Give this thread the lowest priority, where threads have one of their own."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), LOWEST_PRIORITY)


def read_or_compress(data: bytes, folder: Path = Path(sys.prefix)) -> bytes:
    """Return the compressed data, which an earlier start may have kept in the folder."""
    path = folder / f"console-{hashlib.sha256(data).hexdigest()[:16]}.br"
    with suppress(OSError, brotli.error):
        kept = path.read_bytes()
        if brotli.decompress(kept) == data:  # not half of it, from a program that was killed
            return kept
    small = bytes(brotli.compress(data, quality=QUALITY))
    # A folder that cannot be written costs the time again at each start
    with suppress(OSError):
        path.write_bytes(small)
    return small
