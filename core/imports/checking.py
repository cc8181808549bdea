"""The dry run of a file: everything but storing it."""

import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text

from core.database import settings
from core.database.db import reading
from core.errors import Invalid
from core.imports import quotes
from core.imports.parsed import Parsed, RowKind
from core.imports.schemas import DryRun, Problem, RowsOver, SampleRow
from core.imports.storing.chunks import Chunk, Identity, cut
from core.imports.storing.stores import STORES, times
from core.ingest.intake import Row, key_of
from core.platform import clock

MOST_PROBLEMS = 20
MOST_SAMPLES = 5
LOOKS_FOR_S, TALLIED_AT_ONCE = 2.0, 1_000
COMPARED = 20_000  # rows; each is looked up
KEPT_FOR = {
    RowKind.EVENTS: "event_days",
    RowKind.AI_REQUESTS: "request_days",
    RowKind.BATCH_RUNS: "batch_run_days",
    RowKind.CONVERSATIONS: "conversation_days",
    RowKind.FEEDBACK: "feedback_days",
}
WHAT_STAYS = {
    RowKind.EVENTS: "daily metrics, users and the funnel are kept",
    RowKind.AI_REQUESTS: "daily metrics and costs are kept",
    RowKind.BATCH_RUNS: "the latest runs of each batch job are kept",
    RowKind.CONVERSATIONS: "those with annotations are kept",
    RowKind.FEEDBACK: "ratings stay on their conversations",
}
# A partition is found by the time, a row in it by its key.
IS_KNOWN = """
select count(*) from unnest(cast(:ids as uuid[]), cast(:times as timestamptz[])) as sent (id, at)
where exists (select from {table} where id = sent.id and created_at = sent.at)"""
IS_NAMED = "select count(*) from {table} where id = any(:ids)"
NAMED = {
    RowKind.CONVERSATIONS: "conversations",
    RowKind.BATCH_RUNS: "batch_run_history",
    RowKind.USERS: "users",
    RowKind.FEEDBACK: "ai_feedback",
    RowKind.DOCUMENTS: "ai_kb_documents",
    RowKind.MEMORIES: "ai_memories",
}


@dataclass
class CheckedRows:
    """What a dry run has seen so far."""

    records: int = 0
    counts: dict[RowKind, int] = field(default_factory=dict)
    rejected: int = 0
    problems: list[Problem] = field(default_factory=list)
    first_at: datetime | None = None
    last_at: datetime | None = None
    over: dict[RowKind, int] = field(default_factory=dict)
    duplicates: dict[RowKind, int] = field(default_factory=dict)
    compared: int = 0
    names: set[tuple[RowKind, str]] = field(default_factory=set)
    samples: list[SampleRow] = field(default_factory=list)


def dry_run(rows: Iterable[Parsed], identity: Identity, *, note: Callable[[int], bool]) -> DryRun | None:
    """Look at every row; return None when `note`, which is told how many records were read, says to stop."""
    with reading() as session:
        kept = settings.read(session, settings.Retention)
    keeps = {kind: getattr(kept, name) for kind, name in KEPT_FOR.items()}
    horizons = {kind: clock.now() - timedelta(days=days) for kind, days in keeps.items()}
    seen = CheckedRows()
    for chunk in cut(rows, identity, after=0):
        _look(chunk, seen, horizons)
        if not note(seen.records):
            return None
    over = [
        RowsOver(
            kind=kind,
            rows=rows,
            keeps_days=keeps[kind],
            words=_words(kind, rows, keeps[kind], max(keeps[kind], kept.import_undo_days)),
        )
        for kind, rows in seen.over.items()
    ]
    return DryRun(
        records=seen.records,
        counts=seen.counts,
        rejected=seen.rejected,
        problems=seen.problems,
        first_at=seen.first_at,
        last_at=seen.last_at,
        retention=over,
        duplicates=seen.duplicates,
        compared=seen.compared,
        samples=seen.samples,
    )


@dataclass(frozen=True)
class DryRunTally:
    """How many of the first rows of a file would be stored, how many refused, and why the first of them."""

    stored: int
    refused: int
    why: str
    is_whole: bool

    @classmethod
    def of(cls, dry: DryRun) -> "DryRunTally":
        """Return that of a dry run."""
        return cls(sum(dry.counts.values()), dry.rejected, dry.problems[0].error if dry.problems else "", is_whole=True)

    @property
    def is_mostly_refused(self) -> bool:
        """Whether more would be refused than stored."""
        return self.refused > self.stored

    @property
    def words(self) -> str:
        """What is said before the import begins."""
        rows = f"{self.refused:,} of {'' if self.is_whole else 'the first '}{self.refused + self.stored:,} rows"
        return f"{rows} would be rejected (first error: {self.why}). Change the mapping, or import valid rows only."


def tally(rows: Iterable[Parsed], identity: Identity) -> DryRunTally:
    """Check the first rows of a file, for no longer than somebody waits."""
    until = time.monotonic() + LOOKS_FOR_S
    stored, refused, why = 0, 0, ""
    for chunk in cut(rows, identity, after=0, heaviest=TALLIED_AT_ONCE):
        stored += sum(map(len, chunk.rows.values()))
        refused += len(chunk.problems)
        why = why or (quotes.problems(chunk.problems[:1])[0].error if chunk.problems else "")
        if time.monotonic() > until:
            return DryRunTally(stored, refused, why, is_whole=False)
    return DryRunTally(stored, refused, why, is_whole=True)


def _look(chunk: Chunk, seen: CheckedRows, horizons: dict[RowKind, datetime]) -> None:
    seen.records = chunk.until
    seen.rejected += len(chunk.problems)
    seen.problems += quotes.problems(chunk.problems[: MOST_PROBLEMS - len(seen.problems)])
    now = clock.now()
    for kind, good in chunk.rows.items():
        rows = [each.row for each in good]
        seen.counts[kind] = seen.counts.get(kind, 0) + len(rows)
        at = list(times(rows))
        known = [each for each in (seen.first_at, seen.last_at) if each is not None]
        seen.first_at, seen.last_at = min([*at, *known], default=None), max([*at, *known], default=None)
        if kind in horizons and (over := sum(max(times([row]), default=now) < horizons[kind] for row in rows)):
            seen.over[kind] = seen.over.get(kind, 0) + over
        for each in good[: MOST_SAMPLES - len(seen.samples)]:
            with suppress(Invalid):  # nested too deeply to be redacted: its import says so
                seen.samples.append(
                    SampleRow(position=each.parsed.position, line=each.parsed.line, kind=kind, row=quotes.row(each.row))
                )
        if seen.compared < COMPARED:
            _compare(kind, rows[: COMPARED - seen.compared], seen)


def _compare(kind: RowKind, rows: list[Row], seen: CheckedRows) -> None:
    """Count rows that are known already, or come twice in the file."""
    named = {(kind, _name(row)): row for row in rows}
    fresh = {name: row for name, row in named.items() if name not in seen.names}
    seen.names |= fresh.keys()
    seen.compared += len(rows)
    twice = len(rows) - len(fresh)
    if doubles := twice + _count_known(kind, list(fresh.values())):
        seen.duplicates[kind] = seen.duplicates.get(kind, 0) + doubles


def _count_known(kind: RowKind, rows: list[Row]) -> int:
    ids = [_key(kind, row) for row in rows]
    partitioned = STORES[kind].table
    statement = text(IS_KNOWN.format(table=partitioned) if partitioned else IS_NAMED.format(table=NAMED[kind]))
    with reading(STORES[kind].database) as session:
        return session.scalar(statement, {"ids": ids, "times": [row.created_at for row in rows]}) or 0


def _name(row: Row) -> str:
    return str(getattr(row, "batch_run_id", None) or row.id)


def _key(kind: RowKind, row: Row) -> UUID:
    return key_of(STORES[kind].key, _name(row))


def _words(kind: RowKind, rows: int, days: int, days_from_import: int) -> str:
    one, many = STORES[kind].words
    counted = f"{rows:,} {one} is" if rows == 1 else f"{rows:,} {many} are"
    return (
        f"{counted} older than the retention of {days} days and will be deleted "
        f"{days_from_import} days after the import; {WHAT_STAYS[kind]}."
    )
