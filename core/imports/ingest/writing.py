"""Store an import chunk by chunk, each in one transaction that also records the progress.

A kill at any moment leaves whole chunks, and `position` says where to go on. Rows for the database
`ai` are committed just before; they are known by their ids, so that storing them again adds none,
and a checkpoint counts them once, too.
"""

import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from core.database import partitions, settings
from core.database.connections.availability import cause_of
from core.database.db import Database, transaction
from core.database.locks import Lock
from core.errors import Conflict, Invalid, Unavailable
from core.imports import excerpts
from core.imports.ingest import checkpoints
from core.imports.ingest.chunks import (
    HEAVIEST,
    Chunk,
    Identity,
    cut,
    prefetch,
    without_invalid_characters,
)
from core.imports.ingest.stores import STORES, times
from core.imports.models import Import
from core.imports.parsed import ParsedRow, RowKind
from core.imports.schemas import ImportStatus, RowCounts, RowProblem, first_problems
from core.ingest.rows import RowSource
from core.platform import clock

log = logging.getLogger("attune.imports")

MOST_PROBLEMS = 100
PAUSES_S = (1.0, 2.0, 4.0)
REFUSED = (Invalid, UnicodeError)


class ImportStopped(Conflict):
    """This import was stopped."""


class Overtaken(Conflict):
    """Another worker is further with this import, or it was started anew."""


@dataclass(frozen=True)
class ImportRun:
    """An import since it was last started from its beginning."""

    import_id: UUID
    started_at: datetime | None


@dataclass
class StoredChunk:
    """What a chunk has stored."""

    counts: dict[RowKind, RowCounts] = field(default_factory=dict)
    problems: list[RowProblem] = field(default_factory=list)
    first_at: datetime | None = None
    last_at: datetime | None = None


def write(
    rows: Iterable[ParsedRow],
    run: ImportRun,
    source: RowSource,
    identity: Identity,
    *,
    after: int = 0,
    may_go_on: Callable[[], bool] = lambda: True,
    heaviest: int = HEAVIEST,
) -> bool:
    """Store rows that come after the record `after`; return whether all of them are stored, and not
    only as many as it might.

    Raises ImportStopped, Overtaken, Unavailable, and whatever reading the rows raises. The import
    must be running.
    """
    for chunk in prefetch(cut(rows, identity, after=after, heaviest=heaviest)):
        if not may_go_on():
            return False
        _store(chunk, run, source)
    return True


def _store(chunk: Chunk, run: ImportRun, source: RowSource) -> None:
    """Store a chunk; where a partition was dropped a moment ago (retention, at the first start),
    with a new one.
    """
    for pause in PAUSES_S:
        try:
            return _store_or_halve(chunk, run, source)
        # A program gets 503 and sends again; nothing repeats an import.
        except Unavailable as failure:
            log.warning(
                "a chunk of import %s is stored again: %r", run.import_id, cause_of(failure)
            )
            partitions.clear_cache()
            time.sleep(pause)
    return _store_or_halve(chunk, run, source)


def _store_or_halve(chunk: Chunk, run: ImportRun, source: RowSource) -> None:
    """Store a chunk; where a value is refused that no check has foreseen, all but its record."""
    chunk.check()
    for kind, rows in chunk.rows.items():
        if rows and (table := STORES[kind].table) is not None:
            partitions.create_for(table, (good.row.created_at or clock.now() for good in rows))
    _register_kinds(chunk, run)
    try:
        with transaction() as core:
            _store_in(core, chunk, run, source)
    except REFUSED as refused:
        if chunk.records > 1:
            # Which row it was Postgres does not say.
            for half in chunk.halves():
                _store(half, run, source)
        else:
            _store_mended(chunk, run, source, refused)


def _store_mended(chunk: Chunk, run: ImportRun, source: RowSource, refused: Exception) -> None:
    """Store one record without the characters that are refused; else count it as rejected."""
    mended = replace(
        chunk,
        rows={
            kind: [replace(good, row=without_invalid_characters(good.row)) for good in rows]
            for kind, rows in chunk.rows.items()
        },
    )
    try:
        with transaction() as core:
            _store_in(core, mended, run, source)
    except REFUSED:
        words = refused.detail if isinstance(refused, Invalid) else "Invalid characters."
        lost = [
            RowProblem(position=good.parsed.position, line=good.parsed.line, kind=kind, error=words)
            for kind, rows in chunk.rows.items()
            for good in rows
        ]
        with transaction() as core:
            _store_in(
                core,
                Chunk(chunk.after, chunk.until, problems=[*chunk.problems, *lost]),
                run,
                source,
            )


def _store_in(core: Session, chunk: Chunk, run: ImportRun, source: RowSource) -> None:
    _hold_undos(core)
    held = _lock_import(core, run, chunk.after)
    # For each chunk: a large import takes hours, and after a change days are made anew at once
    zone = settings.read(core, settings.Workspace).reporting_time_zone
    source = replace(source, zone=zone)
    written = StoredChunk(problems=chunk.problems)
    with_ai = _kinds_of_ai(chunk)
    for kind in STORES:
        if chunk.rows.get(kind) and kind not in with_ai:
            _store_kind(core, kind, chunk, source, written)
    # Those of `ai` last, when nothing of `core` can fail any more: only after a kill between the
    # two commits are they sent again.
    if with_ai:
        with transaction(Database.AI) as ai:
            _hold_undos(ai)
            for kind in with_ai:
                _store_kind(ai, kind, chunk, source, written)
            written.counts |= checkpoints.counted(
                ai, run.import_id, chunk.after, {kind: written.counts[kind] for kind in with_ai}
            )
    for problem in written.problems:
        if problem.kind is not None:
            before = written.counts.get(problem.kind, RowCounts())
            written.counts[problem.kind] = before.model_copy(
                update={"rejected": before.rejected + 1}
            )
    _record_progress(core, held, chunk, written)


def _hold_undos(session: Session) -> None:
    """Have undos of other imports wait: both note what the other one left of a row."""
    session.execute(select(func.pg_advisory_xact_lock_shared(Lock.UNDO)))


def _register_kinds(chunk: Chunk, run: ImportRun) -> None:
    """Note in `core` which kinds `ai` is about to take: after a kill between the two, rows may be
    there to undo.
    """
    if with_ai := _kinds_of_ai(chunk):
        with transaction() as core:
            held = _lock_import(core, run, chunk.after)
            if fresh := {
                kind: RowCounts().model_dump() for kind in with_ai if kind not in held.counts
            }:
                core.execute(
                    update(Import).where(Import.id == held.id).values(counts=held.counts | fresh)
                )


def _kinds_of_ai(chunk: Chunk) -> list[RowKind]:
    return [
        kind for kind in STORES if chunk.rows.get(kind) and STORES[kind].database is Database.AI
    ]


def _store_kind(
    session: Session, kind: RowKind, chunk: Chunk, source: RowSource, written: StoredChunk
) -> None:
    rows = [good.row for good in chunk.rows[kind]]
    accepted = STORES[kind].store(session, rows, source)
    written.counts[kind] = RowCounts(accepted=accepted, duplicates=len(rows) - accepted)
    known = [at for at in (written.first_at, written.last_at) if at is not None]
    seen = [*times(rows), *known]
    written.first_at, written.last_at = min(seen, default=None), max(seen, default=None)


def _lock_import(core: Session, run: ImportRun, after: int) -> Import:
    """Return the import's row, locked: a request to stop it waits for this chunk, and another
    worker sees it move on.
    """
    held = core.scalar(select(Import).where(Import.id == run.import_id).with_for_update())
    if held is None or held.status != ImportStatus.RUNNING:
        raise ImportStopped
    # A worker that was thought dead may wake up, and must not store its chunk once more; after a
    # start with another mapping or environment, its rows are wrong.
    if held.position != after or held.started_at != run.started_at:
        raise Overtaken
    return held


def _record_progress(core: Session, held: Import, chunk: Chunk, written: StoredChunk) -> None:
    counts = {kind: dict(count) for kind, count in held.counts.items()}
    for kind, count in written.counts.items():
        before = counts.setdefault(kind, {})
        counts[kind] = {
            name: before.get(name, 0) + number for name, number in count.model_dump().items()
        }
    problems = first_problems(written.problems, MOST_PROBLEMS - len(held.problems))
    values: dict[str, Any] = {
        "position": chunk.until,
        "counts": counts,
        "first_at": min(filter(None, (held.first_at, written.first_at)), default=None),
        "last_at": max(filter(None, (held.last_at, written.last_at)), default=None),
        "moved_at": clock.now(),
    }
    if problems:
        values["problems"] = [
            *held.problems,
            *(each.model_dump(mode="json") for each in excerpts.problems(problems)),
        ]
    core.execute(update(Import).where(Import.id == held.id).values(**values))
