"""Changes of an import: checked, started, stopped, undone. The worker does the work itself
(runner.py).
"""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from core.database.db import after_commit, transaction
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.identity.service import audit
from core.imports import excerpts, queries, uploads
from core.imports.errors import FileGone, MappingOpen, NotNow, UndoOver
from core.imports.models import Import
from core.imports.schemas import BUSY, STARTABLE, ImportStart, ImportStatus, ImportView, RowCounts
from core.imports.service import mappings, refusals
from core.imports.service.undo import undo as undos
from core.jobs import outbox, queue
from core.platform import clock

TASK = "imports.work"
TOUCHED = "imports.touched"
STANDS_STILL_AFTER = timedelta(seconds=30)


def check(session: Session, import_id: UUID, start: ImportStart, *, actor: Actor) -> ImportView:
    """Begin a dry run; raise Forbidden, ImportMissing, NotNow, FileGone, and what a mapping may
    lack.
    """
    require(actor, Permission.MANAGE_IMPORTS)
    row = get_startable(session, import_id)
    _choose(session, row, start)
    row.status, row.dry_run, row.record_count = ImportStatus.CHECKING, None, None
    return _begin(session, row)


def start(import_id: UUID, start: ImportStart, *, actor: Actor) -> ImportView:
    """Begin an import, or go on with one that was stopped; raise MostRefused where most rows would
    be, Forbidden, ImportMissing, NotNow, FileGone, and the like.
    """
    require(actor, Permission.MANAGE_IMPORTS)
    if not start.accept_refused:
        refusals.refuse_mostly_rejected(import_id, start)
    with transaction() as session:
        return _start(session, import_id, start, actor=actor)


def _start(session: Session, import_id: UUID, start: ImportStart, *, actor: Actor) -> ImportView:
    row = get_startable(session, import_id)
    _choose(session, row, start)
    if waiting := (row.mapping or {}).get("open", []):
        fields = {name.partition(".")[0] for name in waiting}
        asked = [
            each["text"]
            for each in row.recognition.get("questions", [])
            if each.get("field") in fields
        ]
        raise MappingOpen(f"Answer these questions first: {' '.join(asked) or ', '.join(waiting)}")
    if row.position == 0:
        # Kinds that were named stay named: rows of them may be there (writing.py, _register_kinds).
        row.counts = {kind: RowCounts().model_dump() for kind in row.counts}
        row.problems, row.first_at, row.last_at, row.started_at = [], None, None, clock.now()
    row.status, row.completed_at = ImportStatus.QUEUED, None
    audit.record(
        session, "import.start", actor, targets=_named(row), after={"environment": row.environment}
    )
    return _begin(session, row)


def cancel(session: Session, import_id: UUID, *, actor: Actor) -> ImportView:
    """Stop a dry run or an import; what it has brought stays until it is undone. Raise Forbidden,
    ImportMissing or NotNow.
    """
    require(actor, Permission.MANAGE_IMPORTS)
    row = queries.get_row(session, import_id, lock=True)
    if row.status == ImportStatus.CHECKING:
        # As far as the dry run came: no total that progress may be measured by
        row.status, row.record_count = ImportStatus.READY, None
    elif row.status in (ImportStatus.QUEUED, ImportStatus.RUNNING):
        row.status, row.completed_at = ImportStatus.CANCELLED, clock.now()
        announce_touched_days(session, row)
    else:
        raise NotNow.with_status(row.status)
    audit.record(
        session, "import.cancel", actor, targets=_named(row), after={"position": row.position}
    )
    session.flush()
    return queries.view(row)


def undo(session: Session, import_id: UUID, *, with_file: bool = False, actor: Actor) -> ImportView:
    """Take back all that an import has brought, and its file if so wanted.

    Raises Forbidden, ImportMissing, NotNow while something is under way, and UndoOver when rows of
    that age may have gone.
    """
    require(actor, Permission.MANAGE_IMPORTS)
    row = queries.get_row(session, import_id, lock=True)
    if row.status in BUSY or not (may_have_rows(row) or with_file):
        raise NotNow.with_status(row.status)
    began = row.started_at
    if may_have_rows(row) and began is not None and began < undos.since(session):
        raise UndoOver
    if with_file:
        _remove_file(session, row)
    audit.record(
        session,
        "import.undo",
        actor,
        targets=_named(row),
        after={"position": row.position, "with_file": with_file},
    )
    if not may_have_rows(row):
        session.flush()
        return queries.view(row)
    excerpts.forget(row)
    row.status, row.error = ImportStatus.UNDOING, None
    return _begin(session, row)


def remove_file(session: Session, import_id: UUID, *, actor: Actor) -> ImportView:
    """Remove the file of an import; what it has brought stays. Raise Forbidden, ImportMissing or
    NotNow.
    """
    require(actor, Permission.MANAGE_IMPORTS)
    row = queries.get_row(session, import_id, lock=True)
    if row.status in BUSY:
        raise NotNow.with_status(row.status)
    _remove_file(session, row)
    audit.record(session, "import.remove_file", actor, targets=_named(row))
    session.flush()
    return queries.view(row)


def get_startable(session: Session, import_id: UUID) -> Import:
    """Return the row of an import that may begin, locked; raise ImportMissing, NotNow or
    FileGone.
    """
    row = queries.get_row(session, import_id, lock=True)
    if row.status not in STARTABLE:
        raise NotNow.with_status(row.status)
    if row.file_removed_at is not None:
        raise FileGone
    return row


def announce_touched_days(session: Session, row: Import) -> None:
    """Announce to whatever keeps figures by day that rows of these days have come or gone."""
    if row.first_at is not None and row.last_at is not None:
        span = {"since": row.first_at.isoformat(), "until": row.last_at.isoformat()}
        outbox.add(
            session, TOUCHED, {**span, "kinds": list(row.counts), "environment": row.environment}
        )


def may_have_rows(row: Import) -> bool:
    """Whether rows of an import may be stored, which they may be after an undo that failed and a
    kill in its first chunk, too.
    """
    return bool(row.position or row.counts)


def defer(session: Session, import_id: UUID, **when: Any) -> None:  # noqa: ANN401  queue.defer's own
    """Have a worker do what is due of an import, unless that waits already."""
    once = f"{TASK} {import_id}"
    queue.defer(
        session, TASK, queue=queue.LONG, queueing_lock=once, import_id=str(import_id), **when
    )


def resume() -> None:
    """Have every import gone on with that should move and has not for a while: its worker was
    killed, or the database away.
    """
    with transaction() as session:
        still = select(Import.id).where(
            Import.status.in_(BUSY), Import.moved_at < clock.now() - STANDS_STILL_AFTER
        )
        for import_id in session.scalars(still).all():
            defer(session, import_id)


def change(
    import_id: UUID,
    expected: ImportStatus,
    values: dict[str, Any],
    *,
    mapping: dict[str, Any] | None = None,
) -> bool:
    """Change an import that still is in the expected state, and has this mapping if one is given;
    return whether it was.
    """
    is_expected = [Import.id == import_id, Import.status == expected]
    if mapping is not None:
        is_expected.append(Import.mapping == mapping)
    with transaction() as session:
        changed = update(Import).where(*is_expected).values(**values).returning(Import.id)
        return session.scalar(changed) is not None


def _remove_file(session: Session, row: Import) -> None:
    import_id = row.id
    row.file_removed_at = row.file_removed_at or clock.now()
    excerpts.forget(row)
    # A file cannot be rolled back.
    after_commit(session, lambda: uploads.remove(import_id))


def _choose(session: Session, row: Import, start: ImportStart) -> None:
    """Set the mapping and the environment; raise NotImportable, MappingWrong, MappingMissing,
    MappingOpen or NotNow.
    """
    mapping = mappings.mapping_for(session, row, start)
    if may_have_rows(row) and mapping != row.mapping:
        raise NotNow("Part of this file is already imported with another mapping. Undo that first.")
    if may_have_rows(row) and start.environment not in (None, row.environment):
        raise NotNow(
            f"Part of this file is already imported into {row.environment}. Undo that first."
        )
    row.mapping = mapping
    row.environment, row.error = start.environment or row.environment, None


def _begin(session: Session, row: Import) -> ImportView:
    row.moved_at = clock.now()
    session.flush()
    defer(session, row.id)
    return queries.view(row)


def _named(row: Import) -> dict[str, str]:
    return {"import_id": str(row.id), "file": row.name}
