"""A file and its mapping become rows, one after another: what a dry run counts, and what an import
stores.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from core.imports import row_makers
from core.imports.containers import files, records
from core.imports.containers.files import Record
from core.imports.formats import (
    articles,
    benchmark,
    dialogues,
    langfuse,
    openai_batch,
    preferences,
    runs,
    scores,
    spans,
)
from core.imports.mapping import Mapping, RecordShape
from core.imports.parsed import ParsedRow
from core.imports.row_makers import MakeRows

# Records that make rows each by itself, and those that make rows together.
MAKERS: dict[RecordShape, Callable[[Mapping], MakeRows]] = {
    RecordShape.DIALOGUES: dialogues.maker,
    RecordShape.EXCHANGES: dialogues.exchange_maker,
    RecordShape.ARTICLES: articles.maker,
    RecordShape.WORKFLOW_RUNS: runs.maker,
    RecordShape.BENCHMARK: benchmark.maker,
    RecordShape.LANGFUSE_SCORES: scores.langfuse_maker,
    RecordShape.LABEL_STUDIO: scores.label_studio_maker,
    RecordShape.ANNOTATORS: scores.annotators_maker,
}
READERS: dict[RecordShape, Callable[[Iterator[Record], Mapping], Iterator[ParsedRow]]] = {
    RecordShape.TURNS: dialogues.single_turns,
    RecordShape.PREFERENCES: preferences.pairs,
    RecordShape.OPENAI_BATCH: openai_batch.responses,
    RecordShape.OTLP: spans.exports,
    RecordShape.PHOENIX: spans.single_spans,
    RecordShape.LANGFUSE_OBSERVATIONS: langfuse.observations,
    RecordShape.LANGFUSE_TRACES: langfuse.traces,
}


def read(path: Path, mapping: Mapping, skip: int = 0) -> Iterator[ParsedRow]:
    """Yield what the records after the first `skip` become: rows as ingest takes them, or what is
    wrong.

    Positions never fall; several rows may share one, which is then done when the next begins. Raise
    FileUnreadable for a file that cannot be read at all; where one breaks off, what was read until
    there holds, and the last of what comes says so.
    """
    opened = files.inspect(path)
    with suppress(*records.BROKEN):  # said where it breaks off
        files.refuse_bomb(path)
    if (reader := READERS.get(mapping.format)) is not None:
        yield from reader(records.objects(path, opened, mapping, skip), mapping)
    elif (maker := MAKERS.get(mapping.format)) is not None:
        yield from _made(records.objects(path, opened, mapping, skip), mapping, maker(mapping))
    else:
        make_row = row_makers.maker(mapping, records.columns(path, opened, mapping))
        found = records.raw(path, opened, mapping, skip)
        yield from _made(found, mapping, lambda record, position: [make_row(record, position)])


def _made(found: Iterator[Record], mapping: Mapping, make: MakeRows) -> Iterator[ParsedRow]:
    kind = mapping.kind
    for position, line, record, wrong in found:
        if wrong is None:
            try:
                made = make(record, position)
            except (ValueError, OverflowError) as refused:  # OverflowError: past all dates
                wrong = str(refused)
            else:
                for row in made:
                    yield ParsedRow(position, line, kind, row)
        if wrong is not None:
            yield ParsedRow(position, line, kind, None, wrong)
