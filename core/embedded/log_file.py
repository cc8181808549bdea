"""Bounds the size of a log that another process writes."""

import os
import shutil
from contextlib import suppress
from pathlib import Path

LARGEST = 10 * 2**20


def rotate(log: Path, largest: int = LARGEST) -> None:
    """Move the content of a log that has grown too large to `NAME.1`, in place of what that held.

    The file stays the same one: its writer, which must have opened it to append, goes on at its new end.
    """
    with suppress(FileNotFoundError):
        if log.stat().st_size <= largest:
            return
        with suppress(OSError):  # on a full disk the old lines are lost, which makes room for new rows
            shutil.copyfile(log, log.with_name(f"{log.name}.1"))
        os.truncate(log, 0)
