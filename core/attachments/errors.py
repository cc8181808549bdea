"""Errors of attached files."""

from core.errors import Invalid, NotFound


class AttachmentMissing(NotFound):
    """No attached file with this ID."""


class AttachmentRefused(Invalid):
    """This file cannot be attached."""


class FilesNotTaken(Invalid):
    """The active service has no upload address, so it takes no files. Choose a model."""


class ImagesNotAccepted(Invalid):
    """This model does not accept images. Choose another model, or remove the images."""


class PdfNotReadable(Invalid):
    """This PDF file is encrypted, broken, too long, or has no text. Attach its text, or choose a
    service that takes files.
    """
