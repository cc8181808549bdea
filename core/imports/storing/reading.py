"""A file and its mapping become rows, one after another: what a dry run counts, and what an import stores."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from core.imports import rows
from core.imports.containers import files, records
from core.imports.containers.files import FileUnreadable, Opened
from core.imports.containers.records import Record
from core.imports.formats import articles, benchmark, dialogues, langfuse, runs, spans
from core.imports.mapping import Mapping, RecordShape
from core.imports.parsed import Parsed

__all__ = ["FileUnreadable", "read"]

Format = Callable[[Iterator[Record], Mapping], Iterator[Parsed]]
FORMATS: dict[RecordShape, Format] = {
    RecordShape.DIALOGUES: dialogues.dialogues,
    RecordShape.TURNS: dialogues.single_turns,
    RecordShape.EXCHANGES: dialogues.exchanges,
    RecordShape.ARTICLES: articles.articles,
    RecordShape.WORKFLOW_RUNS: runs.runs,
    RecordShape.BENCHMARK: benchmark.requests,
    RecordShape.OTLP: spans.exports,
    RecordShape.PHOENIX: spans.spans,
    RecordShape.LANGFUSE_OBSERVATIONS: langfuse.observations,
    RecordShape.LANGFUSE_TRACES: langfuse.traces,
}


def read(path: Path, mapping: Mapping, skip: int = 0) -> Iterator[Parsed]:
    """Yield what the records after the first `skip` become: rows as ingest takes them, or what is wrong.

    Positions never fall; several rows may share one, which is then done when the next begins. Raise Unreadable, in words, for a
    file that cannot be read at all; where one breaks off, what was read until there holds, and the last of what comes says so.
    """
    opened = files.look(path)
    with suppress(*records.BROKEN):  # said where it breaks off
        files.refuse_bomb(path)
    if (of_format := FORMATS.get(mapping.format)) is not None:
        yield from of_format(records.objects(path, opened, mapping, skip), mapping)
    else:
        yield from _table(path, opened, mapping, skip)


def _table(path: Path, opened: Opened, mapping: Mapping, skip: int) -> Iterator[Parsed]:
    kind, make = mapping.kind, rows.maker(mapping, records.columns(path, opened, mapping))
    for position, line, record, wrong in records.raw(path, opened, mapping, skip):
        if wrong is not None:
            yield Parsed(position, line, kind, None, wrong)
            continue
        try:
            yield Parsed(position, line, kind, make(record, position))
        except rows.RecordRefused as refused:
            yield Parsed(position, line, kind, None, str(refused))
