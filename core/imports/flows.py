"""Imports in several transactions: taking a file, its dry run, the import, its undo."""

import logging
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from core.database import settings
from core.database.db import Database, Session, cause_of, transaction
from core.database.db import reading as asking
from core.errors import Failure, Unavailable
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.imports import checking, queries, quotes, service, uploads
from core.imports.cells import meanings
from core.imports.containers.files import SUPPORTED
from core.imports.errors import FileGone, MostRefused
from core.imports.mapping import Mapping
from core.imports.models import Import
from core.imports.parsed import Parsed
from core.imports.recognition import recognise
from core.imports.recognition.result import Assumptions
from core.imports.schemas import BUSY, STARTABLE, DryRun, ImportStatus, ImportView, ReadAs, Start
from core.imports.storing import made, planner, reading
from core.imports.storing.chunks import Identity
from core.imports.storing.writing import ImportStopped, Overtaken, write
from core.imports.undoing import undo
from core.ingest.intake import RowSource
from core.platform import clock

log = logging.getLogger("attune.imports")

SMALL = 2 * 2**20  # bytes; a file of so many is read within the time that a process takes to begin
STANDS_STILL_AFTER = timedelta(seconds=30)
UNEXPECTED = "Unexpected error; see the worker log. Rows stored so far can be undone."


def take(import_id: UUID, name: str, kept: uploads.Kept, *, actor: Actor) -> ImportView:
    """Recognise a file that has just been uploaded, and note it; one that cannot be read has failed, says why, and goes again."""
    try:
        known = _recognised(import_id, name, kept)
    except Exception:
        uploads.remove(import_id)  # nothing names it yet
        raise
    # Nothing can be done with it, and it takes room.
    if known.get("status") == ImportStatus.FAILED:
        uploads.remove(import_id)
    with transaction() as session:
        if (layout := service.layout_of(known)) is not None:
            saved = queries.find_mapping_for(session, service.column_names(known["recognition"]))
            if saved is not None:
                known["mapping"] = saved.mapping | layout | _told_before(session, kept, known["mapping"])
        return service.add(session, import_id, name, kept, known, actor=actor)


def is_large(import_id: UUID) -> bool:
    """Whether an import needs more memory than its worker should keep afterwards; one that is gone is not."""
    with asking() as session:
        row = session.get(Import, import_id)
        return row is not None and (row.size_bytes > SMALL or made.find(row.mapping) is not None)


def work(import_id: UUID, *, may_go_on: Callable[[], bool]) -> None:
    """Do what is due of an import, from where it stands; another worker may do the same, and only one of them goes on."""
    with transaction() as session:
        row = queries.get_row(session, import_id, lock=True)
        if row.status == ImportStatus.QUEUED:
            row.status = ImportStatus.RUNNING
        # Said before anything is done, so that `resume` leaves it to this worker.
        row.moved_at = clock.now()
        due = ImportStatus(row.status)
    act = {ImportStatus.RUNNING: _import, ImportStatus.CHECKING: _check, ImportStatus.UNDOING: _undo}.get(due)
    if act is None:
        return
    try:
        is_done = act(import_id, may_go_on)
    except (ImportStopped, Overtaken):
        return
    except Unavailable as failure:  # it goes on by itself, as after a kill
        log.warning("import %s waits: %s (%r)", import_id, failure.detail, cause_of(failure))
        return
    except Failure as failure:
        _fail(import_id, failure.detail)
    except Exception:
        log.exception("import %s failed", import_id)
        _fail(import_id, UNEXPECTED)
    else:
        if not is_done:
            _hand_over(import_id)


def resume() -> None:
    """Have every import gone on with that should move and has not for a while: its worker was killed, or the database away."""
    with transaction() as session:
        still = select(Import.id).where(Import.status.in_(BUSY), Import.moved_at < clock.now() - STANDS_STILL_AFTER)
        for import_id in session.scalars(still).all():
            service.defer(session, import_id)


def forget_abandoned() -> None:
    """Remove files that nothing needs: of uploads and workers that were killed, and those that no import names."""
    with asking() as session:
        needed = {
            row.id: row.needed for row in session.execute(select(Import.id, Import.file_removed_at.is_(None).label("needed")))
        }
        busy = set(session.scalars(select(Import.id).where(Import.status.in_(BUSY))))
    uploads.forget_abandoned(needed, busy)


def recognise_again(import_id: UUID, given: ReadAs, *, actor: Actor) -> ImportView:
    """Recognise a file once more, read as somebody says; raise Forbidden, ImportMissing, NotNow, FileGone or Unreadable."""
    require(actor, Permission.MANAGE_IMPORTS)
    with asking() as session:
        row = queries.get_row(session, import_id)
    if row.file_removed_at is not None:
        raise FileGone
    known = _known(import_id, row.name, row.sha256, given)
    with transaction() as session:
        return service.replace_recognition(session, import_id, known, actor=actor)


def start(import_id: UUID, given: Start, *, actor: Actor) -> ImportView:
    """Begin an import, or go on with one; raise MostRefused where most rows would be, and what `service.start` raises."""
    require(actor, Permission.MANAGE_IMPORTS)
    if not given.accept_refused:
        _refuse_mostly_refused(import_id, given)
    with transaction() as session:
        return service.start(session, import_id, given, actor=actor)


def _refuse_mostly_refused(import_id: UUID, given: Start) -> None:
    with asking() as session:
        row = queries.get_row(session, import_id)
        if row.position or row.status not in STARTABLE or row.file_removed_at is not None:
            return
        mapping = service.mapping_for(session, row, given)
        if made.find(mapping) is not None:
            return
        identity = _identity(session, row)
    if row.dry_run is not None and mapping == row.mapping:
        found = checking.DryRunTally.of(DryRun.model_validate(row.dry_run))
    elif mapping["open"]:
        return  # the questions come first
    else:
        rows = reading.read(uploads.path_of(import_id), Mapping.model_validate(mapping).dated(identity.at))
        try:
            found = checking.tally(rows, identity)
        except reading.FileUnreadable:
            return  # the worker says so: the import has failed then, and its file can be looked at
    if found.is_mostly_refused:
        raise MostRefused(found.words)


def _recognised(import_id: UUID, name: str, kept: uploads.Kept) -> dict[str, Any]:
    try:
        return _known(import_id, name, kept.sha256, None)
    except recognise.FileUnreadable as unreadable:
        detail = unreadable.detail
        if SUPPORTED not in detail and recognise.WHAT_TO_DO not in detail:
            detail = f"{detail} {recognise.WHAT_TO_DO}"
        return {"status": ImportStatus.FAILED, "error": detail, "file_removed_at": clock.now()}


def _known(import_id: UUID, name: str, sha256: str, read_as: ReadAs | None) -> dict[str, Any]:
    with asking() as session:
        known = Assumptions(
            zone=settings.read(session, settings.Workspace).reporting_time_zone,
            came=service.first_seen(session, sha256),
            start=service.find_start(session, sha256),
        )
    found = recognise.recognise(uploads.path_of(import_id), name, known=known, read_as=read_as)
    plain = found.model_dump(mode="json", by_alias=True)
    mapping = plain.pop("mapping")
    return {"recognition": quotes.recognition(plain), "mapping": mapping}


def _told_before(session: Session, kept: uploads.Kept, guessed: dict[str, Any] | None) -> dict[str, Any]:
    """Return the start that an earlier import of the same file had, where it tells no times: it goes before a saved mapping's."""
    start = service.find_start(session, kept.sha256)
    return {"start": start.isoformat()} if start is not None and guessed and guessed.get("start") else {}


def _import(import_id: UUID, may_go_on: Callable[[], bool]) -> bool:
    with asking() as session:
        row = queries.get_row(session, import_id)
        identity = _identity(session, row)
        zone = settings.read(session, settings.Workspace).reporting_time_zone
    source = RowSource(environment=row.environment, zone=zone, import_id=import_id, origin="import")
    maker = made.find(row.mapping)
    given = maker(row.mapping or {}) if maker is not None else None
    if not write(_rows(row, given, identity), import_id, source, identity, after=row.position, may_go_on=may_go_on):
        return False
    if given is not None:
        _finish(import_id, given)
    _analyze(import_id)
    _tell_touched(import_id)
    ended = {"status": ImportStatus.COMPLETED, "completed_at": clock.now(), "error": None}
    _change(import_id, ImportStatus.RUNNING, {**ended, "record_count": Import.position})
    return True


def _rows(row: Import, given: made.Made | None, identity: Identity) -> Iterable[Parsed]:
    """Return the rows that have not been dealt with."""
    if given is not None:
        return (parsed for parsed in given.rows if parsed.position > row.position)
    return reading.read(uploads.path_of(row.id), _mapping(row, identity), skip=row.position)


def _identity(session: Session, row: Import) -> Identity:
    return Identity(row.sha256, service.first_seen(session, row.sha256), (row.mapping or {}).get("id_prefix", ""))


def _mapping(row: Import, identity: Identity) -> Mapping:
    return Mapping.model_validate(row.mapping).dated(identity.at)


def _finish(import_id: UUID, given: made.Made) -> None:
    """Store what belongs to the rows, while whoever stops the import waits. `ai` commits first: after a kill it is done again."""
    with transaction() as core:
        if queries.get_row(core, import_id, lock=True).status != ImportStatus.RUNNING:
            raise ImportStopped
        with transaction(Database.AI) as ai:
            given.finish(core, ai, import_id)


def _check(import_id: UUID, may_go_on: Callable[[], bool]) -> bool:
    with asking() as session:
        row = queries.get_row(session, import_id)
        identity = _identity(session, row)

    def note(records: int) -> bool:
        return may_go_on() and _change(import_id, ImportStatus.CHECKING, {"record_count": records, "moved_at": clock.now()})

    path, mapping = uploads.path_of(import_id), _mapping(row, identity)
    found = checking.dry_run(reading.read(path, mapping), identity, note=note)
    if found is None:
        return may_go_on()  # else somebody has stopped it
    unknown = meanings.unknown(mapping, recognise.records_of(path, mapping)) if found.rejected else {}
    found = found.model_copy(update={"readings": quotes.texts(recognise.readings(path, mapping)), "unknown": unknown})
    values = {"status": ImportStatus.READY, "dry_run": found.model_dump(mode="json"), "record_count": found.records}
    _change(import_id, ImportStatus.CHECKING, values)
    return True


def _analyze(import_id: UUID) -> None:
    with asking() as session:
        row = queries.get_row(session, import_id)
    planner.analyze(row)


class _Paused(Exception): ...  # this worker is about to stop


def _undo(import_id: UUID, may_go_on: Callable[[], bool]) -> bool:
    def note(_removed: undo.Removed) -> None:
        if not may_go_on():
            raise _Paused
        _change(import_id, ImportStatus.UNDOING, {"moved_at": clock.now()})

    _analyze(import_id)  # once more: of one that was stopped or killed nothing is known, and others have added rows since
    try:
        undo.undo(import_id, note)
    except _Paused:
        return False
    _tell_touched(import_id)
    nothing = {"position": 0, "counts": {}, "problems": [], "first_at": None, "last_at": None}
    _change(import_id, ImportStatus.UNDOING, {**nothing, "status": ImportStatus.UNDONE, "completed_at": clock.now()})
    return True


def _tell_touched(import_id: UUID) -> None:
    """Tell of the days before the import says that it is over: killed in between, it does so again."""
    with transaction() as session:
        service.tell_touched(session, queries.get_row(session, import_id))


def _change(import_id: UUID, expected: ImportStatus, values: dict[str, Any]) -> bool:
    """Change an import that still is in the expected state; return whether it was."""
    with transaction() as session:
        wanted = update(Import).where(Import.id == import_id, Import.status == expected).values(**values)
        return session.scalar(wanted.returning(Import.id)) is not None


def _fail(import_id: UUID, words: str) -> None:
    with transaction() as session:
        row = queries.get_row(session, import_id, lock=True)
        if row.status not in BUSY:
            return
        service.tell_touched(session, row)
        if row.status == ImportStatus.UNDOING:
            row.position = 0  # some rows are gone: going on would never bring them again, and those still there are known
        row.status, row.error, row.completed_at = ImportStatus.FAILED, words, clock.now()


def _hand_over(import_id: UUID) -> None:
    with transaction() as session:  # the rest is left to the next worker
        service.defer(session, import_id, after=timedelta(seconds=2))
