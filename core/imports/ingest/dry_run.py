"""The dry run of a file: everything but storing it."""

import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import text

from core.conversations.schemas import NewConversation
from core.database import settings
from core.database.db import read_session
from core.errors import Invalid
from core.imports import excerpts
from core.imports.ingest.chunks import Chunk, Identity, cut
from core.imports.ingest.stores import STORES, times
from core.imports.parsed import ParsedRow, RowKind
from core.imports.schemas import DryRun, ExpiredRows, RowProblem, SampleRow, first_problems
from core.ingest.rows import Row, in_plain_words, key_of, message_name
from core.platform import clock

MOST_PROBLEMS = 20
MOST_SAMPLES = 5
LOOKS_FOR_S, LOOKED_AT_ONCE = 2.0, 1_000
COMPARED = 20_000  # rows; each is looked up
KEPT_FOR = {
    RowKind.EVENTS: "event_days",
    RowKind.AI_REQUESTS: "request_days",
    RowKind.BATCH_RUNS: "batch_run_days",
    RowKind.CONVERSATIONS: "conversation_days",
    RowKind.FEEDBACK: "feedback_days",
    RowKind.SCORES: "score_days",
}
WHAT_STAYS = {
    RowKind.EVENTS: "daily metrics, users and the funnel are kept",
    RowKind.AI_REQUESTS: "daily metrics and costs are kept",
    RowKind.BATCH_RUNS: "the latest runs of each batch job are kept",
    RowKind.CONVERSATIONS: "those with annotations are kept",
    RowKind.FEEDBACK: "ratings stay on their conversations",
    RowKind.SCORES: "the others are kept",
}
# A partition is found by the time, a row in it by its key.
IS_KNOWN = """
with sent as materialized (
    select id, created_at from unnest(cast(:ids as uuid[]),
        cast(:times as timestamptz[])) as sent (id, created_at)
),
known as materialized (select id, created_at from {table}
    where (id, created_at) in (select id, created_at from sent))
select count(*) from sent join known using (id, created_at)"""
IS_NAMED = "select count(*) from {table} where id = any(:ids)"
IS_SAID = """
select id from messages where id = any(:ids)
union all select id from conversations where id = any(:ids)"""
NAMED = {
    RowKind.BATCH_RUNS: "batch_run_history",
    RowKind.USERS: "users",
    RowKind.FEEDBACK: "ai_feedback",
    RowKind.DOCUMENTS: "ai_kb_documents",
    RowKind.MEMORIES: "ai_memories",
    RowKind.SCORES: "message_scores",
    RowKind.ANNOTATIONS: "ai_admin_annotations",
}


@dataclass
class CheckedRows:
    """What a dry run has seen so far, under the names of `DryRun`; `over` and `names` are for
    counting.
    """

    records: int = 0
    counts: dict[RowKind, int] = field(default_factory=dict)
    rejected: int = 0
    problems: list[RowProblem] = field(default_factory=list)
    first_at: datetime | None = None
    last_at: datetime | None = None
    duplicates: dict[RowKind, int] = field(default_factory=dict)
    compared: int = 0
    samples: list[SampleRow] = field(default_factory=list)
    over: dict[RowKind, int] = field(default_factory=dict)
    names: set[tuple[RowKind, str]] = field(default_factory=set)


def run(
    rows: Iterable[ParsedRow], identity: Identity, *, note: Callable[[int], bool]
) -> DryRun | None:
    """Look at every row; return None when `note`, which is told how many records were read, says to
    stop.
    """
    with read_session() as session:
        kept = settings.read(session, settings.Retention)
    keeps = {kind: getattr(kept, name) for kind, name in KEPT_FOR.items()}
    horizons = {kind: clock.now() - timedelta(days=days) for kind, days in keeps.items()}
    seen = CheckedRows()
    for chunk in cut(rows, identity, after=0):
        chunk.check()
        _look(chunk, seen, horizons)
        if not note(seen.records):
            return None
    retention = [
        _over(kind, rows, keeps[kind], max(keeps[kind], kept.import_undo_days))
        for kind, rows in seen.over.items()
    ]
    return DryRun(
        retention=retention,
        **{name: value for name, value in vars(seen).items() if name in DryRun.model_fields},
    )


def _over(kind: RowKind, rows: int, keeps_days: int, days_from_import: int) -> ExpiredRows:
    one, many = STORES[kind].words
    words = (
        f"{rows:,} {one if rows == 1 else many} {'is' if rows == 1 else 'are'} older than the "
        f"retention of {keeps_days} days and will be deleted {days_from_import} days after the "
        f"import; {WHAT_STAYS[kind]}."
    )
    return ExpiredRows(kind=kind, rows=rows, keeps_days=keeps_days, words=words)


def refusal(stored: int, rejected: int, why: str, *, is_whole: bool = True) -> str | None:
    """Return the warning for an import that would reject most rows, else None."""
    if rejected <= stored:
        return None
    rows = f"{rejected:,} of {'' if is_whole else 'the first '}{rejected + stored:,} rows"
    return (
        f"{rows} would be rejected (first error: {in_plain_words(why)}). Change the mapping, or "
        "import valid rows only."
    )


def refusal_of_first(rows: Iterable[ParsedRow], identity: Identity) -> str | None:
    """Return the refusal of the first rows of a file, read for no longer than a person waits."""
    until = time.monotonic() + LOOKS_FOR_S
    stored, rejected, why, is_whole = 0, 0, "", True
    for chunk in cut(rows, identity, after=0, heaviest=LOOKED_AT_ONCE):
        chunk.check()
        stored += sum(map(len, chunk.rows.values()))
        rejected += len(chunk.problems)
        why = why or (excerpts.problems(chunk.problems[:1])[0].error if chunk.problems else "")
        if time.monotonic() > until:
            is_whole = False
            break
    return refusal(stored, rejected, why, is_whole=is_whole)


def _look(chunk: Chunk, seen: CheckedRows, horizons: dict[RowKind, datetime]) -> None:
    seen.records = chunk.until
    seen.rejected += len(chunk.problems)
    seen.problems += excerpts.problems(
        first_problems(chunk.problems, MOST_PROBLEMS - len(seen.problems))
    )
    now = clock.now()
    for kind, good in chunk.rows.items():
        rows = [each.row for each in good]
        seen.counts[kind] = seen.counts.get(kind, 0) + len(rows)
        at = list(times(rows))
        known = [each for each in (seen.first_at, seen.last_at) if each is not None]
        seen.first_at, seen.last_at = (
            min([*at, *known], default=None),
            max([*at, *known], default=None),
        )
        if kind in horizons and (
            over := sum(max(times([row]), default=now) < horizons[kind] for row in rows)
        ):
            seen.over[kind] = seen.over.get(kind, 0) + over
        for each in good[: MOST_SAMPLES - len(seen.samples)]:
            with suppress(Invalid):  # nested too deeply to be redacted: its import says so
                seen.samples.append(
                    SampleRow(
                        position=each.parsed.position,
                        line=each.parsed.line,
                        kind=kind,
                        row=excerpts.row(each.row),
                    )
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
    if kind is RowKind.CONVERSATIONS:
        return _count_known_conversations([row for row in rows if isinstance(row, NewConversation)])
    ids = [key_of(STORES[kind].key, _name(row)) for row in rows]
    partitioned = STORES[kind].table
    statement = text(
        IS_KNOWN.format(table=partitioned) if partitioned else IS_NAMED.format(table=NAMED[kind])
    )
    with read_session(STORES[kind].database) as session:
        return (
            session.scalar(statement, {"ids": ids, "times": [row.created_at for row in rows]}) or 0
        )


def _count_known_conversations(rows: list[NewConversation]) -> int:
    """Count conversations that are stored with all of their messages: with others, they grow."""
    keys = [
        [key_of("message", message_name(row.id, message.id)) for message in row.messages]
        or [key_of("conversation", row.id)]
        for row in rows
    ]
    with read_session() as session:
        ids = [id_ for each in keys for id_ in each]
        known = set(session.scalars(text(IS_SAID), {"ids": ids}))
    return sum(known.issuperset(ids) for ids in keys)


def _name(row: Row) -> str:
    name = str(getattr(row, "batch_run_id", None) or row.id)
    if isinstance(row, NewConversation):  # again with other messages, it is no duplicate
        return "\n".join([name, *(str(message.id) for message in row.messages)])
    return name
