"""Room on the disk of the embedded Postgres, which stops when it cannot write its log."""

import shutil

from core.platform.config import config

NEEDED_BYTES = 17 * 2**20  # a segment of the write-ahead log, and a little


def is_full() -> bool:
    """Whether the disk has no room for what Postgres writes next; unknown ones pass for free."""
    if not config().embedded_postgres:
        return False
    try:
        return shutil.disk_usage(config().data).free < NEEDED_BYTES
    except OSError:
        return False
