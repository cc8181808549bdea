"""Small files of every shape, made here, and what comes of them."""

import csv
import gzip
import io
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from core.activity.schemas import NewEvent, NewUser
from core.ai_metrics.schemas import NewRequest
from core.annotations.ingest.imported_annotations import ImportedAnnotation
from core.batches.schemas import NewBatchRun
from core.conversations.schemas import NewConversation
from core.imports.ingest.reading import read
from core.imports.mapping import Mapping
from core.imports.parsed import ParsedRow, RowKind
from core.imports.recognition.recognize import recognize
from core.imports.recognition.result import Recognition
from core.ingest import bodies, rows
from core.knowledge.schemas import NewDocument, NewFeedback, NewMemory
from core.platform import clock
from core.scores.schemas import NewScore

Row = dict[str, Any]
ROWS: dict[RowKind, type[rows.Row]] = {
    RowKind.EVENTS: NewEvent,
    RowKind.AI_REQUESTS: NewRequest,
    RowKind.CONVERSATIONS: NewConversation,
    RowKind.FEEDBACK: NewFeedback,
    RowKind.BATCH_RUNS: NewBatchRun,
    RowKind.DOCUMENTS: NewDocument,
    RowKind.MEMORIES: NewMemory,
    RowKind.USERS: NewUser,
    RowKind.SCORES: NewScore,
    RowKind.ANNOTATIONS: ImportedAnnotation,
}


class Folder:
    """A folder to make files in."""

    def __init__(self, path: Path) -> None:
        """Use a folder."""
        self.path = path

    def write(self, content: bytes | str, name: str = "file", *, packed: bool = False) -> Path:
        """Write a file."""
        data = content.encode() if isinstance(content, str) else content
        path = self.path / name
        path.write_bytes(gzip.compress(data) if packed else data)
        return path

    def table(
        self, columns: str, *rows: Sequence[Any], separator: str = ",", name: str = "file"
    ) -> Path:
        """Write CSV with columns named in one text."""
        held = io.StringIO()
        writer = csv.writer(held, delimiter=separator)
        writer.writerow(columns.split())
        writer.writerows(rows)
        return self.write(held.getvalue(), name)

    def lines(self, *records: object, name: str = "file") -> Path:
        """Write JSONL."""
        return self.write("\n".join(json.dumps(record) for record in records) + "\n", name)

    def document(self, value: object, name: str = "file") -> Path:
        """Write JSON."""
        return self.write(json.dumps(value, indent=1), name)


def mapping_of(path: Path, **answers: object) -> Mapping:
    """Return the mapping that is guessed for a file, with answers to its questions."""
    found = recognize(path)
    assert found.mapping is not None, found
    return Mapping.model_validate(found.mapping.model_dump(by_alias=True) | answers)


def rows_of(path: Path, mapping: Mapping | None = None) -> list[Row]:
    """Return the rows of a file, none of which may be wrong, and all of which ingest takes."""
    parsed = list(read(path, (mapping or mapping_of(path)).dated(clock.now())))
    assert [each.error for each in parsed if each.error] == []
    assert refused(parsed) == []
    return [each.row for each in parsed if each.row is not None]


def refused(parsed: Iterable[ParsedRow]) -> list[str]:
    """Return what ingest has against rows."""
    found: list[str] = []
    for each in parsed:
        if each.row is not None:
            found += [
                bad.error
                for bad in bodies.read_items(
                    json.dumps(each.row).encode(), ROWS[each.kind]
                ).rejected
            ]
    return found


def by_kind(path: Path) -> dict[RowKind, list[dict[str, Any]]]:
    """Return the rows of a file by kind, none of which may be wrong."""
    parsed = list(read(path, mapping_of(path)))
    assert [each.error for each in parsed if each.error] == []
    assert refused(parsed) == []
    found: dict[RowKind, list[dict[str, Any]]] = {}
    for each in parsed:
        found.setdefault(each.kind, []).append(each.row or {})
    return found


def errors_of(path: Path, mapping: Mapping | None = None) -> list[tuple[int, int | None, str]]:
    """Return what is wrong in a file: position, line, words."""
    return [
        (each.position, each.line, each.error)
        for each in read(path, mapping or mapping_of(path))
        if each.error is not None
    ]


def kinds_of(path: Path) -> Counter[str]:
    """Return how many rows of which kind a file gives."""
    return Counter(each.kind.value for each in read(path, mapping_of(path)) if each.row is not None)


def known(path: Path) -> Recognition:
    """Return what a file is."""
    return recognize(path)
