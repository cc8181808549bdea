"""Errors of documents, memories and feedback."""

from core.errors import Conflict, Invalid, NotFound


class DocumentMissing(NotFound):
    """No document with this ID."""


class DocumentTaken(Conflict):
    """A document with this ID already exists."""


class DocumentMoved(Conflict):
    """Someone else changed this document. Reload and try again."""


class MemoryMissing(NotFound):
    """No memory with this ID."""


class FolderRefused(Invalid):
    """Upload Markdown files or a ZIP of them: at most 2,000 files and 20 MiB unpacked."""
