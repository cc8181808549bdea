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


class LockedFolder:
    """The data folder while this process has locked it."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor = descriptor

    def announce(self, address: str) -> None:
        """Write the address and process ID into the lock file, for a second start's error."""
        owner = json.dumps({"address": address, "pid": os.getpid()}).encode()
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, owner, 0)

    def instance(self) -> UUID:
        """Return the ID of this installation, which stays the same across restarts."""
        file = self.path / INSTANCE_FILE
        try:
            return UUID(file.read_text().strip())
        except (FileNotFoundError, ValueError):
            instance = new_id()
            write_private(file, str(instance))
            return instance


@contextmanager
def locked(path: Path) -> Iterator[LockedFolder]:
    """Create the folder if necessary and lock it; the kernel releases the lock even after kill -9.

    Raises StartRefused when another Attune has locked it, or it cannot be written.
    """
    with start_errors(path):
        # An existing folder keeps its permissions: it may be a home folder, and the files in it are
        # private themselves.
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        (path / "logs").mkdir(mode=0o700, exist_ok=True)
        descriptor = os.open(path / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _lock(descriptor, path)
        yield LockedFolder(path, descriptor)
    finally:
        os.close(descriptor)


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, atomically: to a draft that is then renamed."""
    draft = path.with_name(f"{path.name}.draft")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        # Otherwise a crash may leave the new name on an empty file
        os.fsync(file.fileno())
    draft.rename(path)


@contextmanager
def start_errors(path: Path) -> Iterator[None]:
    """Turn an OSError into StartRefused with advice in one line."""
    try:
        yield
    except OSError as error:
        raise StartRefused(_advice(error, path)) from error


def _lock(descriptor: int, path: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise StartRefused(f"Attune already runs on {path}{_running_at(descriptor)}.") from None
    os.ftruncate(descriptor, 0)


def _running_at(descriptor: int) -> str:
    try:
        owner = json.loads(os.pread(descriptor, 1000, 0))
    except ValueError:
        return " (it is just starting)"
    return f", at {owner['address']} (process {owner['pid']})"


def _advice(error: OSError, path: Path) -> str:
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return f"The disk that holds {path} is full. Free some space and start again."
        case errno.EROFS | errno.EACCES | errno.EPERM:
            return (
                f"The data folder {path} cannot be written. Choose another with DATA=, or change "
                "its permissions."
            )
        case errno.ENAMETOOLONG:
            return (
                "The path of the data folder is too long for this file system. Choose a shorter "
                "one with DATA=."
            )
        case errno.ENOTDIR | errno.EEXIST:
            return f"{path} is not a folder. Choose another with DATA=."
        case _:
            return (
                f"The data folder {path} cannot be used: {error.strerror}. Choose another with "
                "DATA=."
            )
