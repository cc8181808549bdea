"""The folder of the embedded Postgres's socket."""

import hashlib
import os
import stat
import tempfile
from pathlib import Path

from core.errors import StartRefused

MAX_SOCKET_FOLDER_BYTES = 90  # a socket's path has at most 107 bytes, with a file name of Postgres


def socket_folder(data: Path) -> Path:
    """Return a folder for the socket: in the data folder, or a short private one when that path is
    too long.

    Raises StartRefused when another user owns the short one.
    """
    in_data = data / "run"
    if len(os.fsencode(in_data)) <= MAX_SOCKET_FOLDER_BYTES and not set(str(in_data)) & set(
        "\"'\\,\n"
    ):
        in_data.mkdir(mode=0o700, exist_ok=True)
        return in_data
    digest = hashlib.sha256(os.fsencode(data)).hexdigest()[:12]
    short = Path(tempfile.gettempdir()) / f"attune-{os.geteuid()}-{digest}"
    short.mkdir(mode=0o700, exist_ok=True)
    status = short.lstat()
    if (
        not stat.S_ISDIR(status.st_mode)
        or status.st_uid != os.geteuid()
        or stat.S_IMODE(status.st_mode) != 0o700
    ):
        raise StartRefused(
            f"{short} belongs to somebody else. Remove it, or choose a shorter data folder "
            "with DATA=."
        )
    return short
