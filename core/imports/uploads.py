"""Uploaded files in the data folder, written in pieces, never whole in memory."""

import errno
import hashlib
import math
import os
import shutil
import time
from collections.abc import Iterator, Mapping, Set
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from uuid import UUID

from core.imports.errors import DiskFull, EmptyFile, FileTooLarge
from core.platform.config import config

FOLDER = "imports"
KEPT_FREE = 512 * 2**20  # for the database, which lies on the same disk as a rule
LOOK_AGAIN_AFTER = 64 * 2**20  # others fill the disk, too
UNPACKED = "unpacked-"
ABANDONED_AFTER_S = 24 * 3600
# A file is noted when it has been recognized, which takes minutes at the most
NEEDLESS_AFTER_S = 3600
# This may be another database than the one that names it: brought back, or given by mistake
NAMELESS_AFTER_S = 7 * 24 * 3600


@dataclass(frozen=True)
class StoredFile:
    """A file that lies in the data folder."""

    size_bytes: int
    sha256: str


class Upload:
    """A file that is being written; it appears under its name when all of it is there, and not at
    all otherwise.
    """

    def __init__(self, id_: UUID, *, announced: int = 0) -> None:
        """Begin; raise FileTooLarge or DiskFull when it is known that it will not fit."""
        self._path = path_of(id_)
        self._draft = self._path.with_suffix(".part")
        self._hash = hashlib.sha256()
        self._size, self._looked_at = 0, 0
        self._path.parent.mkdir(mode=0o700, exist_ok=True)
        _check_size(announced)
        check_room(announced)
        with translate_disk_full():
            # Not buffered: a full disk shows where it can be said in words, and not when the file
            # is closed.
            self._file = os.fdopen(
                os.open(self._draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
                "wb",
                buffering=0,
            )

    def __enter__(self) -> "Upload":
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        """Remove a file that was not finished."""
        with suppress(OSError):
            self._file.close()
        self._draft.unlink(missing_ok=True)

    def write(self, piece: bytes) -> None:
        """Add a piece; raise FileTooLarge or DiskFull."""
        self._size += len(piece)
        _check_size(self._size)
        if self._size - self._looked_at >= LOOK_AGAIN_AFTER:
            self._looked_at = self._size
            check_room(0)
        self._hash.update(piece)
        with translate_disk_full():
            view = memoryview(piece)
            # A file without a buffer may take less than it is given.
            while view:
                view = view[self._file.write(view) :]

    def keep(self) -> StoredFile:
        """Give the whole file its name; raise EmptyFile when nothing came."""
        if not self._size:
            raise EmptyFile
        with translate_disk_full():
            # A name that survives a crash of the machine stands for bytes that do, too.
            os.fsync(self._file.fileno())
            self._file.close()
            self._draft.rename(self._path)
        return StoredFile(self._size, self._hash.hexdigest())


def folder() -> Path:
    return config().data / FOLDER


def path_of(id_: UUID) -> Path:
    return folder() / str(id_)


def remove(id_: UUID) -> None:
    path_of(id_).unlink(missing_ok=True)


def forget_abandoned(needed: Mapping[UUID, bool], busy: Set[UUID]) -> None:
    """Remove what nothing needs: parts and unpacked copies that a kill left behind, and files that
    no import names.

    Nothing that is younger than what may be under way: `needed` says of each import whether its
    file is, `busy` are those whose copies are.
    """
    if not folder().is_dir():
        return
    for path in folder().iterdir():
        with suppress(OSError):
            if time.time() - path.stat().st_mtime > _kept_for_s(path.name, needed, busy):
                path.unlink(missing_ok=True)


def _kept_for_s(name: str, needed: Mapping[UUID, bool], busy: Set[UUID]) -> float:
    if name.endswith(".part"):
        return ABANDONED_AFTER_S
    if name.startswith(UNPACKED):
        return math.inf if _id_in(name.removeprefix(UNPACKED)[:36]) in busy else NEEDLESS_AFTER_S
    id_ = _id_in(name)
    if id_ is None or needed.get(id_):
        return math.inf
    return NEEDLESS_AFTER_S if id_ in needed else NAMELESS_AFTER_S


def _id_in(name: str) -> UUID | None:
    try:
        return UUID(name)
    except ValueError:
        return None


def _check_size(size: int) -> None:
    limit = config().import_limit_mb * 2**20
    if size > limit:
        words = (
            f"The limit is {config().import_limit_mb:,} MiB per file. Split it, compress it with "
            "gzip, or raise IMPORT_LIMIT_MB."
        )
        raise FileTooLarge(words, limit=limit)


def check_room(wanted: int, *, beside: Path | None = None) -> None:
    """Raise DiskFull when so many bytes more, in the folder or `beside` a file, would leave too
    little for the database.
    """
    free = shutil.disk_usage(beside.parent if beside else folder()).free
    if free - wanted < KEPT_FREE:
        raise DiskFull(
            f"Not enough disk space: {free // 2**20:,} MiB left, of which {KEPT_FREE // 2**20} "
            "are reserved for the database. Free some space, or remove files of earlier imports."
        )


@contextmanager
def translate_disk_full() -> Iterator[None]:
    try:
        yield
    except OSError as refused:
        if refused.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFull from refused
        raise
