"""Attached files: as they are sent, as they are read, and as they are shown."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Base64Bytes, BaseModel, ConfigDict, Field

from core.identity.schemas import View

MAX_FILES = 5  # of one message
MAX_FILE_MIB = 5
MAX_FILE_BYTES = MAX_FILE_MIB * 2**20
MAX_MESSAGE_BYTES = 10 * 2**20  # of all files of one message
MAX_TEXT_CHARS = 500_000  # of all texts of one message
MAX_NAME_CHARS = 200


class AttachmentKind(StrEnum):
    TEXT = "text"
    IMAGE = "image"
    PDF = "pdf"


class FileForm(StrEnum):
    """In which form files are a part of messages."""

    NAMES = "names"
    TEXTS = "texts"
    IMAGES = "images"  # and texts


class NewAttachment(BaseModel):
    """A file to attach; what kind it is, is read from its content."""

    model_config = ConfigDict(frozen=True)

    name: Annotated[str, Field(min_length=1, max_length=1000)]
    content: Base64Bytes = Field(
        repr=False, description="In Base64; at most 5 MiB, and 10 MiB in one message."
    )


class AttachmentView(View):
    """An attached file, without its content."""

    id: UUID
    name: str
    kind: AttachmentKind
    size_bytes: int


@dataclass(frozen=True)
class ModelFile:
    """What a model can be sent of a file: UTF-8 text, a JPEG image, or None."""

    name: str
    kind: AttachmentKind
    readable: bytes | None


@dataclass(frozen=True)
class CheckedFile(ModelFile):
    """A file as it was sent, with what a model can be sent of it."""

    content: bytes


@dataclass(frozen=True)
class OriginalFile:
    """A file as it was sent."""

    id: UUID
    name: str
    content: bytes


@dataclass(frozen=True)
class ShownFile:
    """A file for its owner: an image is a JPEG."""

    name: str
    content: bytes
    is_image: bool
