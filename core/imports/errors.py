"""Errors of imports."""

from typing import Self

from core.errors import Conflict, Invalid, NotFound, TooLarge, Unavailable


class ImportMissing(NotFound):
    """No import with this ID."""


class MappingMissing(NotFound):
    """No saved mapping with this ID."""


class FileGone(Conflict):
    """The file was removed. Upload it again."""


class NotNow(Conflict):
    """This import has changed. Reload the page."""

    @classmethod
    def with_status(cls, status: str) -> Self:
        """Return the error with the import's status: a program has no page to reload."""
        return cls(f"{cls().detail} Its status is {status}.")


class NoName(Invalid):
    """Missing file name. Add ?name=requests.csv, or send a multipart field `file` with a
    filename.
    """


class EmptyFile(Invalid):
    """The file is empty."""


class NotMultipart(Invalid):
    """The multipart body is invalid or incomplete. Upload the file again."""


class FileTooLarge(TooLarge):
    """This file is too large. Split it, or raise IMPORT_LIMIT_MB."""


class DiskFull(Unavailable):
    """Not enough disk space for this file. Free some space, or remove files of earlier imports."""

    code = "disk_full"


class NotImportable(Invalid):
    """This file type is recognized, but not supported yet."""


class NoChats(Invalid):
    """This file has no chats."""


class MappingWrong(Invalid):
    """Some fields of the mapping are invalid."""


class MappingOpen(Invalid):
    """Complete the mapping first."""


class MostRefused(Conflict):
    """Most rows of this file would be rejected."""

    code = "most_refused"


class UndoOver(Conflict):
    """This import is too old to undo: retention may have deleted rows that undo needs."""
