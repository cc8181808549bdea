"""Import a folder of Markdown files as documents, identified by their paths."""

import io
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from pydantic import ValidationError
from sqlalchemy.orm import Session

from core.errors import Failure
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.knowledge.documents.schemas import (
    MOST_FILES,
    DocumentBody,
    DocumentChangeBody,
    FolderBody,
    FolderReport,
    MarkdownFile,
    SkippedFile,
)
from core.knowledge.documents.service import create_document, write_change
from core.knowledge.errors import DocumentMissing, FolderRefused

ENDINGS = (".md", ".markdown", ".txt")
MOST_BYTES = 20 * 2**20
MOST_CHARS = 1_000_000  # of a document
HEADING = re.compile(r"^#[ \t]+(\S.*)$", re.MULTILINE)
SOURCE = "folder"
OTHERWISE_PACKED = "Unsupported ZIP compression. Use Deflate, or upload the files without a ZIP."
PACKED_AS_USUAL = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
# Errors of reading a ZIP file: its structure, a password, an unknown encryption, the compressed
# data.
BROKEN = (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError, OSError, zlib.error)


def bring_in(ai: Session, body: FolderBody, *, actor: Actor) -> FolderReport:
    """Create or update a document per file; report files that can't be imported."""
    require(actor, Permission.CHANGE_KNOWLEDGE)
    outcomes = {"made": 0, "changed": 0, "unchanged": 0}
    left_out: list[SkippedFile] = []
    for file in body.files:
        try:
            outcomes[_bring(ai, file, body, actor)] += 1
        except (Failure, ValidationError) as refused:
            reason = (
                refused.detail
                if isinstance(refused, Failure)
                else "The file is empty, or its name is longer than 128 characters."
            )
            left_out.append(SkippedFile(name=file.name, reason=reason))
    return FolderReport(**outcomes, left_out=left_out)


def read_files(files: Sequence[tuple[str, bytes]], *, actor: Actor) -> list[MarkdownFile]:
    """Return the Markdown of files and ZIP files; raise Forbidden or FolderRefused."""
    require(actor, Permission.CHANGE_KNOWLEDGE)
    found: list[MarkdownFile] = []
    size = 0
    for name, content in _unpacked(files):
        size += len(content)
        if size > MOST_BYTES or len(found) >= MOST_FILES:
            raise FolderRefused
        text = content.decode("utf-8-sig", "replace")
        if len(text) > MOST_CHARS:
            raise FolderRefused(f"{name[:500]} has more than {MOST_CHARS:,} characters. Split it.")
        found.append(MarkdownFile(name=name[:500], content=text))
    if not found:
        raise FolderRefused("No Markdown files found (.md, .markdown or .txt).")
    return found


def title_of(file: MarkdownFile) -> str:
    """Return the first heading, or a title made from the file's name."""
    heading = HEADING.search(file.content)
    words = heading[1].rstrip().rstrip("#").rstrip() if heading else ""
    return (words or re.sub(r"[-_]+", " ", PurePosixPath(file.name).stem))[:500]


def _bring(ai: Session, file: MarkdownFile, given: FolderBody, actor: Actor) -> str:
    fields = {
        "title": title_of(file),
        "content": file.content,
        "scope": given.scope,
        "status": given.status,
    }
    body = DocumentBody.model_validate({"id": file.name, "source": SOURCE, **fields})
    change = DocumentChangeBody.model_validate(fields)
    # Not with its history: of a folder that is brought in daily, that is a hundred times its text
    try:
        is_changed = write_change(ai, file.name, change, actor=actor)
    except DocumentMissing:
        create_document(ai, body, actor=actor)
        return "made"
    return "changed" if is_changed else "unchanged"


def _unpacked(files: Sequence[tuple[str, bytes]]) -> Iterator[tuple[str, bytes]]:
    for name, content in files:
        if name.lower().endswith(".zip"):
            yield from _members(content)
        elif name.lower().endswith(ENDINGS):
            yield name, content


def _members(packed: bytes) -> Iterator[tuple[str, bytes]]:
    try:
        with zipfile.ZipFile(io.BytesIO(packed)) as folder:
            for each in folder.infolist():
                if (
                    each.is_dir()
                    or not each.filename.lower().endswith(ENDINGS)
                    or "__MACOSX" in each.filename  # macOS adds these to its archives
                ):
                    continue
                # Zipfile ignores the requested size for others
                if each.compress_type not in PACKED_AS_USUAL:
                    raise FolderRefused(OTHERWISE_PACKED)
                with folder.open(each) as member:  # sizes in a ZIP's directory may be wrong
                    yield each.filename, member.read(MOST_BYTES + 1)
    except BROKEN as broken:
        raise FolderRefused("This ZIP file cannot be read.") from broken
