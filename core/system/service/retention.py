"""Retention: each table by its own rule, in many small transactions.

Days of events and AI requests are dropped as whole partitions; rows in yearly partitions and in all
other tables are deleted in batches. Rollups, funnel parts, subjects, user days, daily metrics and
the audit log stay.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from datetime import time as time_of_day

from sqlalchemy import text
from sqlalchemy.orm import Session

from core.database import partitions, settings
from core.database.connections import engines
from core.database.db import Database, read_session, transaction
from core.database.locks import Lock
from core.database.partitions import Horizon, Partition
from core.database.settings import Retention, Sealed
from core.errors import Conflict, Unavailable
from core.executions.service import text_removal
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.identity.service import audit
from core.platform import clock
from core.system.service.retention_rules import AT_ONCE, RULES, RetentionRule, deleted

# By ctid, because Postgres knows no limit of a delete
FORGET_TRACES = text("""
delete from import_traces
where ctid = any(array(select ctid from import_traces as trace where noted_at < :undoable
    and not exists (
    select from import_traces as younger where (younger.row_id, younger.kind) = (trace.row_id,
        trace.kind)
        and younger.noted_at >= :undoable) limit :at_once))""")
TRIES, PAUSE_S = 8, 0.25
DAYS_OF = {"user_activity_events": "event_days", "ai_request_metrics": "request_days"}


class CleanupRuns(Conflict):
    """A cleanup is already running; its figures are in the batch history or in the audit log."""


@dataclass
class Cleanup:
    """Deleted rows (or rows to delete) by table, and partitions left to the next run."""

    dry_run: bool
    rows: dict[str, int] = field(default_factory=dict)
    busy: list[str] = field(default_factory=list)

    def add(self, table: str, rows: int) -> None:
        self.rows[table] = self.rows.get(table, 0) + rows


def clean_up(*, actor: Actor, dry_run: bool) -> Cleanup:
    """Apply retention now, or count the rows to delete; raise Forbidden or CleanupRuns.

    Opens many transactions of its own.
    """
    require(actor, Permission.CLEAN_UP)
    done = apply(dry_run=dry_run)
    with transaction() as session:
        audit.record(
            session,
            "system.cleanup",
            actor,
            targets={"dry_run": dry_run},
            after={"rows": done.rows, "busy": done.busy},
        )
    return done


def apply(*, dry_run: bool = False) -> Cleanup:
    """Delete or count expired rows; raise CleanupRuns when another one runs.

    It can be interrupted and repeated at any time.
    """
    done = Cleanup(dry_run)
    with _alone():
        with read_session() as session:
            chosen = settings.read(session, Retention)
        undoable = _undoable(chosen)
        if not dry_run:
            # First, so that a killed run leaves no import that seems to be undoable
            with transaction() as session:
                _seal(session, "import_traces", undoable)
        for parent in partitions.PARENTS:
            horizon = Horizon(_before(getattr(chosen, DAYS_OF[parent])), undoable)
            _clean_partitions(parent, horizon, done)
        for rule in RULES:
            _clean_rows(rule, chosen, undoable, done)
        _clean_texts(_before(chosen.playground_days), done)
        if not dry_run:
            for database in Database:
                _forget_traces(database, undoable)
    return done


def change(
    session: Session, retention: Retention, *, actor: Actor, loaded: Retention | None = None
) -> Retention:
    """Store the given fields; the next daily job applies them. Raises SettingsChanged."""
    require(actor, Permission.CHANGE_RETENTION)
    before, after = settings.amend(session, retention, by=actor.id, loaded=loaded)
    audit.record(
        session, "retention.change", actor, before=before.model_dump(), after=after.model_dump()
    )
    return after


def read(session: Session, *, actor: Actor) -> Retention:
    """Return how many days rows are kept."""
    require(actor, Permission.CHANGE_RETENTION)
    return settings.read(session, Retention)


def _before(days: int) -> datetime:
    return clock.now() - timedelta(days=days)


def _undoable(chosen: Retention) -> datetime:
    """Return since when rows of undoable imports have arrived, and a day more."""
    return _before(chosen.import_undo_days + 1)


@contextmanager
def _alone() -> Iterator[None]:
    """Hold a lock that ends with this process at the latest, without an open transaction."""
    with (
        engines.current()
        .core.connect()
        .execution_options(isolation_level="AUTOCOMMIT") as connection
    ):
        if not connection.scalar(
            text("select pg_try_advisory_lock(:lock)"), {"lock": Lock.RETENTION}
        ):
            raise CleanupRuns
        try:
            yield
        finally:
            connection.execute(text("select pg_advisory_unlock(:lock)"), {"lock": Lock.RETENTION})


def _clean_partitions(parent: str, horizon: Horizon, done: Cleanup) -> None:
    with engines.current().core.connect() as connection:
        present = partitions.list_parts(connection, parent)
    done.add(parent, 0)
    for part in present:
        if _end(part) <= horizon.before:
            (_count_part if done.dry_run else _clean_part)(parent, part, horizon, done)


def _count_part(parent: str, part: Partition, horizon: Horizon, done: Cleanup) -> None:
    with read_session() as session:
        found = partitions.count_expired(session, part.name(parent), horizon)
    # A day is deleted as a whole or not at all, except rows of imports that can still be undone.
    done.add(
        parent,
        found.expired if found.expired == found.whole or not part.is_day or found.is_held else 0,
    )


def _clean_part(parent: str, part: Partition, horizon: Horizon, done: Cleanup) -> None:
    with read_session() as session:
        found = partitions.count_expired(session, part.name(parent), horizon)
    if found.expired == found.whole and (found.whole or not partitions.is_created_ahead(part)):
        dropped = _patiently(lambda: _drop(parent, part, horizon))
        if dropped is None:
            done.busy.append(part.name(parent))
        done.add(parent, dropped or 0)
    elif found.expired and (not part.is_day or found.is_held):
        _delete_from(parent, part, horizon, done)


def _drop(parent: str, part: Partition, horizon: Horizon) -> int | None:
    with transaction() as session:
        rows = partitions.drop(session, parent, part, horizon=horizon)
        if rows:
            _seal(session, parent, _end(part))
    return rows


def _delete_from(parent: str, part: Partition, horizon: Horizon, done: Cleanup) -> None:
    after = datetime.min.replace(tzinfo=UTC)
    while True:
        with transaction() as session:
            _seal(session, parent, _end(part))
            deleted = partitions.delete_expired(session, parent, part, after=after, horizon=horizon)
        if deleted is None:
            return
        done.add(parent, deleted.rows)
        after = deleted.until


def _seal(session: Session, table: str, end: datetime) -> None:
    """Record that a table's rows before a time are no longer complete."""
    sealed = settings.read(session, Sealed)
    until = max(end, sealed.until(table) or end)
    settings.write(session, sealed.model_copy(update={table: until}), by=None)


def _clean_rows(rule: RetentionRule, chosen: Retention, undoable: datetime, done: Cleanup) -> None:
    horizon = Horizon(_before(getattr(chosen, rule.days)), undoable)
    # Before anything is deleted, so that a killed run does not leave figures that seem to be
    # computable.
    name = rule.table.name
    if name in Sealed.model_fields and not done.dry_run and rule.count(horizon, chosen)[name]:
        with transaction() as session:
            _seal(session, name, horizon.before)
    found = rule.count(horizon, chosen) if done.dry_run else rule.delete_some(horizon, chosen)
    while True:
        for table, rows in found.items():
            done.add(table, rows)
        if done.dry_run or found[name] < rule.at_once:
            return
        found = rule.delete_some(horizon, chosen)


def _clean_texts(before: datetime, done: Cleanup) -> None:
    """Remove the texts of calls from before a time; tokens and costs stay."""
    if done.dry_run:
        with read_session() as session:
            done.add("prompt_executions", text_removal.count_texts_before(session, before))
        return
    blanked = AT_ONCE
    while blanked == AT_ONCE:
        with transaction() as session:
            blanked = text_removal.remove_texts_before(session, before, limit=AT_ONCE)
        done.add("prompt_executions", blanked)


def _forget_traces(database: Database, undoable: datetime) -> None:
    """Delete what imports reported whose undo is over, but not of rows shared with others."""
    gone = AT_ONCE
    while gone == AT_ONCE:
        with transaction(database) as session:
            gone = deleted(session, FORGET_TRACES.bindparams(undoable=undoable, at_once=AT_ONCE))


def _patiently(act: Callable[[], int | None]) -> int | None:
    """Retry while others hold locks: each attempt blocks them only for a moment."""
    for number in range(TRIES):
        try:
            return act()
        except Unavailable:
            time.sleep(PAUSE_S * (number + 1))
    return None


def _end(part: Partition) -> datetime:
    return datetime.combine(part.end, time_of_day(), UTC)
