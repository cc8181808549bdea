"""What can go wrong with what the assistant knows."""

from core.errors import Conflict, Invalid, NotFound


class DocumentMissing(NotFound):
    """There is no document by that id."""


class DocumentTaken(Conflict):
    """There is a document by that id already."""


class DocumentMoved(Conflict):
    """Somebody has changed this document meanwhile; load it again and repeat."""


class MemoryMissing(NotFound):
    """There is no memory by that id."""


class FolderRefused(Invalid):
    """Send markdown files, or a zip of them: at most 2,000 files, and 20 MiB when unpacked."""
