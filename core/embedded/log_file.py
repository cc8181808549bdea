"""Limit the size of a log that another process writes."""

import os
import shutil
from contextlib import suppress
from pathlib import Path

MAX_LOG_BYTES = 10 * 2**20


def rotate(log: Path, max_bytes: int = MAX_LOG_BYTES) -> None:
    """Copy a log larger than `max_bytes` to `NAME.1`, replacing that, and empty it.

    The file itself stays: its writer, which opened it to append, continues at the new end.
    """
    with suppress(FileNotFoundError):
        if log.stat().st_size <= max_bytes:
            return
        # On a full disk the old lines are lost, which frees space for new rows
        with suppress(OSError):
            shutil.copyfile(log, log.with_name(f"{log.name}.1"))
        os.truncate(log, 0)
