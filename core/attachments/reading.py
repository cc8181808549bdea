"""Check files before they are stored, and read what models can be sent of them."""

import codecs
import unicodedata
from collections.abc import Sequence
from pathlib import PureWindowsPath

from core.attachments import images, pdf_files
from core.attachments.errors import AttachmentRefused
from core.attachments.schemas import (
    MAX_FILE_BYTES,
    MAX_FILE_MIB,
    MAX_FILES,
    MAX_MESSAGE_BYTES,
    MAX_NAME_CHARS,
    MAX_TEXT_CHARS,
    AttachmentKind,
    CheckedFile,
    NewAttachment,
)
from core.database.connections.query_slots import QuerySlots

UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
PDF = b"%PDF-"
# Not those of queries: one PDF file is read at a time, and reports would wait for all of them
slots = QuerySlots()


def check(attachments: Sequence[NewAttachment]) -> tuple[CheckedFile, ...]:
    """Return the files of a message; raise AttachmentRefused."""
    if len(attachments) > MAX_FILES:
        raise AttachmentRefused(f"A message takes at most {MAX_FILES} files.")
    if sum(len(each.content) for each in attachments) > MAX_MESSAGE_BYTES:
        raise AttachmentRefused(
            f"The files have more than {MAX_MESSAGE_BYTES // 2**20} MiB together."
        )
    files = tuple(_checked(clean_name(each.name), each.content) for each in attachments)
    texts = (it.readable or b"" for it in files if it.kind is not AttachmentKind.IMAGE)
    if sum(len(text.decode()) for text in texts) > MAX_TEXT_CHARS:
        raise AttachmentRefused(f"The files have more than {MAX_TEXT_CHARS:,} characters together.")
    return files


def clean_name(name: str) -> str:
    """Return a name without folders, control characters and characters that turn its direction."""
    last = PureWindowsPath(name).name
    shown = "".join(each if unicodedata.category(each)[0] != "C" else " " for each in last)
    return " ".join(shown.split())[:MAX_NAME_CHARS] or "file"


def _checked(name: str, content: bytes) -> CheckedFile:
    if not content:
        raise AttachmentRefused(f"“{name}” is empty.")
    if len(content) > MAX_FILE_BYTES:
        raise AttachmentRefused(f"“{name}” is larger than {MAX_FILE_MIB} MiB.")
    if images.is_image(content):
        return CheckedFile(name, AttachmentKind.IMAGE, images.as_jpeg(content, name), content)
    if content.startswith(PDF):
        return CheckedFile(name, AttachmentKind.PDF, pdf_files.text_of(content), content)
    return CheckedFile(name, AttachmentKind.TEXT, _text(name, content).encode(), content)


def _text(name: str, content: bytes) -> str:
    try:
        text = content.decode("utf-16" if content.startswith(UTF_16) else "utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise AttachmentRefused(f"“{name}” is not a text file in UTF-8, an image or a PDF file.")
    return text
