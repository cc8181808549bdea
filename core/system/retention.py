"""Retention (docs/decisions/0014): each table by its own rule, in many small transactions.

Days of events and AI requests go as whole partitions; older ones, which lie in partitions by year, and all other tables are
deleted from in batches. Rollups, funnel parts, subjects, user days, daily metrics and the audit log stay.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from datetime import time as time_of_day
from typing import Any, cast

from sqlalchemy import CursorResult, text
from sqlalchemy.orm import Session

from core.database import partitions, settings
from core.database.db import Database, engines, reading, transaction
from core.database.locks import Lock
from core.database.partitions import NOT_HELD, Horizon, Partition
from core.database.settings import Retention, Sealed
from core.errors import Conflict, Unavailable
from core.executions import service as executions
from core.identity import audit
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.platform import clock

AT_ONCE = 2000
TRIES, PAUSE_S = 8, 0.25
DAYS_OF = {"user_activity_events": "event_days", "ai_request_metrics": "request_days"}


class CleanupRuns(Conflict):
    """A cleanup is under way already; its figures are in the batch history or in the audit log."""


@dataclass
class Cleanup:
    """What went, or would go: rows by table; and the partitions that were in use all the time, which the next run takes."""

    dry_run: bool
    rows: dict[str, int] = field(default_factory=dict)
    busy: list[str] = field(default_factory=list)

    def add(self, table: str, rows: int) -> None:
        """Count rows of a table."""
        self.rows[table] = self.rows.get(table, 0) + rows


@dataclass(frozen=True)
class RetentionRule:
    """Which rows of a table are over, and what goes with them: (table, column that names the row)."""

    table: str
    days: str
    over: str
    child: tuple[str, str] | None = None
    database: Database = Database.CORE

    def count(self, horizon: Horizon, kept: int) -> dict[str, int]:
        """Return how many rows are over, by table."""
        given = {**horizon.filled, "kept": kept}
        with reading(self.database) as session:
            found = {self.table: session.scalar(text(f"select count(*) from {self.table} where {self.over}"), given) or 0}  # noqa: S608
            if self.child is not None:
                child, column = self.child
                theirs = f"select count(*) from {child} where {column} in (select id from {self.table} where {self.over})"  # noqa: S608
                found[child] = session.scalar(text(theirs), given) or 0
        return found

    def delete_some(self, horizon: Horizon, kept: int) -> dict[str, int]:
        """Delete some of the rows that are over, in a transaction of its own, and return how many, by table."""
        wanted = f"select id from {self.table} where {self.over} limit :at_once for update skip locked"  # noqa: S608
        given = {**horizon.filled, "kept": kept, "at_once": AT_ONCE}
        with transaction(self.database) as session:
            ids = list(session.scalars(text(wanted), given))
            found = {self.table: len(ids)}
            if self.child is not None:
                child, column = self.child
                found[child] = _rowcount(session, f"delete from {child} where {column} = any(:ids)", {"ids": ids})  # noqa: S608
            session.execute(text(f"delete from {self.table} where id = any(:ids)"), {"ids": ids})  # noqa: S608
        return found


RULES = (
    RetentionRule("admin_sessions", "admin_session_days", "expires_at < :before"),
    RetentionRule(
        "playground_sessions",
        "playground_days",
        "greatest(created_at, last_message_at) < :before",
        child=("playground_messages", "session_id"),
    ),
    RetentionRule(
        "conversations",
        "conversation_days",
        f"last_message_at < :before and received_at < :before and annotation_count = 0 and {NOT_HELD}",
        child=("messages", "conversation_id"),
    ),
    RetentionRule(
        "batch_run_history",
        "batch_run_days",
        f"{NOT_HELD} and greatest(started_at, heard_at) < :before and id in (select id from (select id, row_number() over "  # noqa: S608
        "(partition by batch_job order by started_at desc, id desc) as number from batch_run_history) as ranked "
        "where number > :kept)",
    ),
    RetentionRule("named_messages", "feedback_days", "named_at < :before and received_at < :before"),
    RetentionRule(
        "ai_feedback", "feedback_days", f"created_at < :before and received_at < :before and {NOT_HELD}", database=Database.AI
    ),
)


def clean_up(*, actor: Actor, dry_run: bool) -> Cleanup:
    """Apply retention now, or say what would go; raise Forbidden or CleanupRuns.

    Opens transactions of its own, many of them.
    """
    require(actor, Permission.CLEAN_UP)
    done = apply(dry_run=dry_run)
    with transaction() as session:
        audit.record(session, "system.cleanup", actor, targets={"dry_run": dry_run}, after={"rows": done.rows, "busy": done.busy})
    return done


def apply(*, dry_run: bool = False) -> Cleanup:
    """Delete what is over, or count it; one at a time, else CleanupRuns. It may be cut short and begun again at any point."""
    done = Cleanup(dry_run)
    with _alone():
        with reading() as session:
            chosen = settings.read(session, Retention)
        for parent in partitions.PARENTS:
            _clean_partitions(parent, Horizon(_before(getattr(chosen, DAYS_OF[parent])), _undoable(chosen)), done)
        for rule in RULES:
            _clean_rows(rule, chosen, done)
        _clean_texts(_before(chosen.playground_days), done)
        if not done.dry_run:
            for database in Database:
                _forget_traces(database, _undoable(chosen))
    return done


def change(session: Session, given: Retention, *, actor: Actor) -> Retention:
    """Store how long rows are kept, as far as it is given; what is over from then on goes with the next daily job."""
    require(actor, Permission.CHANGE_RETENTION)
    before, after = settings.amend(session, given, by=actor.id)
    audit.record(session, "retention.change", actor, before=before.model_dump(), after=after.model_dump())
    return after


def read(session: Session, *, actor: Actor) -> Retention:
    """Return how long rows are kept."""
    require(actor, Permission.CHANGE_RETENTION)
    return settings.read(session, Retention)


def _before(days: int) -> datetime:
    return clock.now() - timedelta(days=days)


def _undoable(chosen: Retention) -> datetime:
    """Return since when rows have arrived of imports that can still be undone; a day more, for those that are being undone."""
    return _before(chosen.import_undo_days + 1)


@contextmanager
def _alone() -> Iterator[None]:
    """Hold a lock that ends with this process at the latest; no transaction is open meanwhile."""
    with engines().core.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if not connection.scalar(text("select pg_try_advisory_lock(:lock)"), {"lock": Lock.RETENTION}):
            raise CleanupRuns
        try:
            yield
        finally:
            connection.execute(text("select pg_advisory_unlock(:lock)"), {"lock": Lock.RETENTION})


def _clean_partitions(parent: str, horizon: Horizon, done: Cleanup) -> None:
    with engines().core.connect() as connection:
        present = partitions.list_parts(connection, parent)
    done.add(parent, 0)
    for part in present:
        if _end(part) <= horizon.before:
            (_count_part if done.dry_run else _clean_part)(parent, part, horizon, done)


def _count_part(parent: str, part: Partition, horizon: Horizon, done: Cleanup) -> None:
    with reading() as session:
        found = partitions.count_over(session, part.name(parent), horizon)
    # Of a day, all rows go together or none; but those of imports that can still be undone keep no others.
    done.add(parent, found.over if found.over == found.whole or not part.is_day or found.is_held else 0)


def _clean_part(parent: str, part: Partition, horizon: Horizon, done: Cleanup) -> None:
    with reading() as session:
        found = partitions.count_over(session, part.name(parent), horizon)
    if found.over == found.whole and (found.whole or not partitions.is_made_ahead(part)):
        dropped = _patiently(lambda: _drop(parent, part, horizon))
        if dropped is None:
            done.busy.append(part.name(parent))
        done.add(parent, dropped or 0)
    elif found.over and (not part.is_day or found.is_held):
        _delete_from(parent, part, horizon, done)


def _drop(parent: str, part: Partition, horizon: Horizon) -> int | None:
    with transaction() as session:
        rows = partitions.drop(session, parent, part, horizon=horizon)
        if rows:
            _seal(session, parent, _end(part))
    return rows


def _delete_from(parent: str, part: Partition, horizon: Horizon, done: Cleanup) -> None:
    page = 0
    while True:
        with transaction() as session:
            _seal(session, parent, _end(part))
            deleted = partitions.delete_over(session, parent, part, page=page, horizon=horizon)
        if deleted is None:
            return
        done.add(parent, deleted)
        page += partitions.PAGES_AT_ONCE


def _seal(session: Session, table: str, end: datetime) -> None:
    """Note that a table's rows of before are no longer all there."""
    sealed = settings.read(session, Sealed)
    until = max(end, sealed.until(table) or end)
    settings.write(session, sealed.model_copy(update={table: until}), by=None)


def _clean_rows(rule: RetentionRule, chosen: Retention, done: Cleanup) -> None:
    horizon, kept = Horizon(_before(getattr(chosen, rule.days)), _undoable(chosen)), chosen.batch_runs_kept
    # Before anything goes: a run that is killed in between must not leave figures that seem to be computable.
    if rule.table in Sealed.model_fields and not done.dry_run and rule.count(horizon, kept)[rule.table]:
        with transaction() as session:
            _seal(session, rule.table, horizon.before)
    found = rule.count(horizon, kept) if done.dry_run else rule.delete_some(horizon, kept)
    while True:
        for table, rows in found.items():
            done.add(table, rows)
        if done.dry_run or found[rule.table] < AT_ONCE:
            return
        found = rule.delete_some(horizon, kept)


def _clean_texts(before: datetime, done: Cleanup) -> None:
    """Blank the texts of calls as old as the playground's sessions that go; their rows stay, for what they cost."""
    if done.dry_run:
        with reading() as session:
            done.add("prompt_executions", executions.count_texts_before(session, before))
        return
    blanked = AT_ONCE
    while blanked == AT_ONCE:
        with transaction() as session:
            blanked = executions.blank_texts_before(session, before, limit=AT_ONCE)
        done.add("prompt_executions", blanked)


def _forget_traces(database: Database, undoable: datetime) -> None:
    """Forget what imports have noted for an undo that is over."""
    some = "select ctid from import_traces where noted_at < :undoable limit :at_once"
    given, gone = {"undoable": undoable, "at_once": AT_ONCE}, AT_ONCE
    while gone == AT_ONCE:
        with transaction(database) as session:
            gone = _rowcount(session, f"delete from import_traces where ctid = any(array({some}))", given)  # noqa: S608  ours


def _patiently(act: Callable[[], int | None]) -> int | None:
    """Try again while others hold what it needs: each try makes them wait for a moment only."""
    for number in range(TRIES):
        try:
            return act()
        except Unavailable:
            time.sleep(PAUSE_S * (number + 1))
    return None


def _end(part: Partition) -> datetime:
    return datetime.combine(part.end, time_of_day(), UTC)


def _rowcount(session: Session, statement: str, given: dict[str, Any]) -> int:
    return cast("CursorResult[Any]", session.execute(text(statement), given)).rowcount
