"""The data folder: private, and used by one Attune at a time."""

import errno
import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

from core.errors import StartRefused
from core.platform.ids import new_id

LOCK_FILE = "attune.lock"
INSTANCE_FILE = "instance"


class HeldFolder:
    """The data folder while it is ours."""

    def __init__(self, path: Path, descriptor: int) -> None:
        """Take over an open and locked lock file."""
        self.path = path
        self._descriptor = descriptor

    def announce(self, address: str) -> None:
        """Write where this Attune answers, for whoever finds the folder taken."""
        note = json.dumps({"address": address, "pid": os.getpid()}).encode()
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, note, 0)

    def instance(self) -> UUID:
        """Return the id of this installation: the same after each start, and nobody else's."""
        file = self.path / INSTANCE_FILE
        try:
            return UUID(file.read_text().strip())
        except (FileNotFoundError, ValueError):
            fresh = new_id()
            write_private(file, str(fresh))
            return fresh


@contextmanager
def held(path: Path) -> Iterator[HeldFolder]:
    """Make the folder if need be and hold it until the end; the kernel lets go of it even after a kill -9.

    Raises StartRefused when another Attune holds it, or it cannot be written.
    """
    with in_words(path):
        # A folder that was there keeps its permissions: it may be somebody's home, and what we put into it is private by itself.
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        (path / "logs").mkdir(mode=0o700, exist_ok=True)
        descriptor = os.open(path / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _lock(descriptor, path)
        yield HeldFolder(path, descriptor)
    finally:
        os.close(descriptor)


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner reads: aside and renamed, so that a full disk or a kill leaves no half of it behind."""
    draft = path.with_name(f"{path.name}.draft")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.rename(path)


@contextmanager
def in_words(path: Path) -> Iterator[None]:
    """Turn what a file system refuses into one line that says what to do."""
    try:
        yield
    except OSError as refused:
        raise StartRefused(_advice(refused, path)) from refused


def _lock(descriptor: int, path: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise StartRefused(f"Attune already runs on {path}{_whereabouts(descriptor)}.") from None
    os.ftruncate(descriptor, 0)


def _whereabouts(descriptor: int) -> str:
    try:
        note = json.loads(os.pread(descriptor, 1000, 0))
    except ValueError:
        return " (it is just starting)"
    return f", at {note['address']} (process {note['pid']})"


def _advice(refused: OSError, path: Path) -> str:
    match refused.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return f"The disk that holds {path} is full. Free some space and start again."
        case errno.EROFS | errno.EACCES | errno.EPERM:
            return f"The data folder {path} cannot be written. Choose another with DATA=, or change its permissions."
        case errno.ENAMETOOLONG:
            return "The path of the data folder is too long for this file system. Choose a shorter one with DATA=."
        case errno.ENOTDIR | errno.EEXIST:
            return f"{path} is not a folder. Choose another with DATA=."
        case _:
            return f"The data folder {path} cannot be used: {refused.strerror}. Choose another with DATA=."
