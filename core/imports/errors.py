"""Why an import cannot be done, or not now."""

from core.errors import Conflict, Invalid, NotFound, TooLarge, Unavailable


class ImportMissing(NotFound):
    """There is no such import."""


class MappingMissing(NotFound):
    """There is no such saved mapping."""


class FileGone(Conflict):
    """The file of this import has been removed; upload it again."""


class NotNow(Conflict):
    """This import is in another state by now; load it again."""


class NoName(Invalid):
    """Give the file's name: ?name=requests.csv, or a multipart field `file` with a filename."""


class EmptyFile(Invalid):
    """The file is empty: there is nothing to import."""


class NotMultipart(Invalid):
    """The body is not the multipart form that its Content-Type announces, or it ended too early. Upload it again."""


class FileTooLarge(TooLarge):
    """This file is too large; split it, or raise IMPORT_LIMIT_MB."""


class DiskFull(Unavailable):
    """The disk that holds the data folder has no room for this file. Free some space, or remove files of earlier imports."""

    code = "disk_full"


class NotImportable(Invalid):
    """This file was recognised, and cannot be imported yet."""


class MappingWrong(Invalid):
    """The mapping does not fit; its fields say why."""


class MappingOpen(Invalid):
    """The mapping leaves something open; answer its questions first."""


class MostRefused(Conflict):
    """Most rows of this file would be refused."""

    code = "most_refused"


class UndoOver(Conflict):
    """This import is too old to be undone: retention may have taken rows that only it could tell apart."""
