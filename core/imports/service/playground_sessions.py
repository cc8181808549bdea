"""Playground sessions from files: our own exports, and chats in any form that imports recognise."""

import json
import tempfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from sqlalchemy.orm import Session

from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.imports.errors import NoChats
from core.imports.ingest.reading import read as read_rows
from core.imports.mapping import Mapping
from core.imports.parsed import ParsedRow, RowKind
from core.imports.recognition.recognize import recognize
from core.imports.schemas import ImportedSessions
from core.platform import clock
from core.playground.errors import SessionFileInvalid
from core.playground.schemas import Speaker
from core.playground.service import session_transfer
from core.playground.session_files import FORMAT, SessionFile
from core.playground.session_readers import csv_files, markdown_files

MOST_SESSIONS = 100
MAX_BYTES = 2 * 2**20
MOST_PROBLEMS = 5  # that are named
READERS = {
    markdown_files.BEGINNING: markdown_files.read,
    csv_files.BEGINNING: csv_files.read,
}


def import_file(session: Session, content: bytes, *, actor: Actor) -> ImportedSessions:
    """Add the sessions of a file, all or none.

    Raises SessionFileInvalid, NoChats or FileUnreadable.
    """
    require(actor, Permission.RUN_MODELS)
    left_out_count = 0
    if (own := _read_own(content)) is not None:
        files = [own]
    else:
        rows = list(_rows(content))
        files = [_as_file(row) for row in rows]
        left_out_count = sum(
            len(row["messages"]) - len(file.messages) - bool(file.draft.custom_prompt)
            for row, file in zip(rows, files, strict=True)
        )
    if not files:
        raise NoChats
    made = [session_transfer.import_session(session, file, actor=actor) for file in files]
    return ImportedSessions(
        **made[0].model_dump(), sessions=list(made), left_out_count=left_out_count
    )


# Our own exports


def _read_own(content: bytes) -> SessionFile | None:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
    for beginning, read in READERS.items():
        if text.startswith(beginning):
            return read(text)
    return _read_json(text) if text.lstrip().startswith("{") else None


def _read_json(text: str) -> SessionFile | None:
    try:
        found: dict[str, object] = json.loads(text)
        if found.get("format") != FORMAT:
            return None
        return SessionFile.model_validate(found)
    except ValidationError as error:
        raise SessionFileInvalid.of(error) from None
    except (ValueError, RecursionError):  # lines of JSON, or what recognition has words for
        return None


# Chats


def _rows(content: bytes) -> Iterator[dict[str, Any]]:
    """Yield the conversations of a file as `ingest/conversations` takes them."""
    if len(content) > MAX_BYTES:
        raise NoChats(f"A file of chats may have up to {MAX_BYTES >> 20} MiB. Split it.")
    with tempfile.NamedTemporaryFile() as file:
        file.write(content)
        file.flush()
        path = Path(file.name)
        # Judged answers bring annotations, too
        chats = (
            each
            for each in read_rows(path, _mapping_of(path))
            if each.kind is RowKind.CONVERSATIONS
        )
        found = list(islice(chats, MOST_SESSIONS + 1))
    if len(found) > MOST_SESSIONS:
        raise NoChats(f"This file has more than {MOST_SESSIONS} chats. Split it.")
    if wrong := [each for each in found if each.error is not None]:
        raise NoChats(" ".join(map(_problem, wrong[:MOST_PROBLEMS])))
    yield from (each.row for each in found if each.row is not None)


def _mapping_of(path: Path) -> Mapping:
    found = recognize(path)
    if found.mapping is None or found.kind is not RowKind.CONVERSATIONS:
        raise NoChats(f"This file has no chats. It was recognized as: {found.title}.")
    zoned = found.mapping.model_copy(update={"zone": found.mapping.zone or "UTC"})
    return zoned.dated(clock.now())


def _problem(parsed: ParsedRow) -> str:
    place = f"Chat {parsed.position}" if parsed.line is None else f"Line {parsed.line}"
    return f"{place}: {parsed.error}."


def _as_file(row: dict[str, Any]) -> SessionFile:
    """Return a session with the messages of user and assistant; the first system message is its
    prompt.
    """
    speakers = set(Speaker)
    spoken = [it for it in row["messages"] if it["role"] in speakers and it["content"].strip()]
    prompt = next((it["content"] for it in row["messages"] if it["role"] == "system"), None)
    draft = {"custom_prompt": prompt} if prompt else {}
    messages = [{"role": it["role"], "content": it["content"]} for it in spoken]
    try:
        return SessionFile.model_validate({"format": FORMAT, "draft": draft, "messages": messages})
    except ValidationError as error:
        raise SessionFileInvalid.of(error) from None
