"""The work of imports, done by the worker in several transactions: dry run, import, undo."""

import logging
from collections.abc import Callable, Iterable
from datetime import timedelta
from uuid import UUID

from core.database import settings
from core.database.connections.availability import cause_of
from core.database.db import Database, read_session, transaction
from core.errors import Failure, Unavailable
from core.imports import excerpts, queries, uploads
from core.imports.cells import unknown_values
from core.imports.ingest import dry_run, generators, planner
from core.imports.ingest.chunks import Identity
from core.imports.ingest.reading import read
from core.imports.ingest.writing import ImportRun, ImportStopped, Overtaken, write
from core.imports.mapping import Mapping
from core.imports.models import Import
from core.imports.parsed import ParsedRow
from core.imports.recognition import recognize
from core.imports.schemas import ImportStatus
from core.imports.service import imports
from core.imports.service.undo import undo
from core.ingest.rows import RowSource
from core.platform import clock

log = logging.getLogger("attune.imports")

SMALL = 2 * 2**20  # bytes; a file of so many is read within the time that a process takes to begin
UNDO_PAUSE = timedelta(seconds=5)  # until it is looked again whether the undo has ended
UNEXPECTED = "Unexpected error; see the worker log. Rows stored so far can be undone."


def is_large(import_id: UUID) -> bool:
    """Whether an import needs more memory than its worker should keep afterwards; one that is gone
    is not.
    """
    with read_session() as session:
        row = session.get(Import, import_id)
        return row is not None and (
            row.size_bytes > SMALL or generators.find(row.mapping) is not None
        )


def work(import_id: UUID, *, may_go_on: Callable[[], bool]) -> None:
    """Do what is due of an import, from where it stands; another worker may do the same, and only
    one of them goes on.
    """
    with transaction() as session:
        row = queries.get_row(session, import_id, lock=True)
        # Said before anything is done, so that `resume` leaves it to this worker.
        row.moved_at = clock.now()
        if row.status == ImportStatus.QUEUED:
            # Rows that both have would count as known, and go with the import that is undone
            if queries.has_undo(session):
                imports.defer(session, import_id, after=UNDO_PAUSE)
                return
            row.status = ImportStatus.RUNNING
        # A worker that fails after a cancellation must not fail the run that was begun since
        due, begun = ImportStatus(row.status), _run_of(row)
    act = {
        ImportStatus.RUNNING: _import,
        ImportStatus.CHECKING: _check,
        ImportStatus.UNDOING: _undo,
    }.get(due)
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
        _fail(import_id, begun, failure.detail)
    except Exception:
        log.exception("import %s failed", import_id)
        _fail(import_id, begun, UNEXPECTED)
    else:
        if not is_done:
            with transaction() as session:  # the rest is left to the next worker
                imports.defer(session, import_id, after=timedelta(seconds=2))


def _import(import_id: UUID, may_go_on: Callable[[], bool]) -> bool:
    with read_session() as session:
        row = queries.get_row(session, import_id)
        identity = queries.get_identity(session, row)
        zone = settings.read(session, settings.Workspace).reporting_time_zone
    source = RowSource(environment=row.environment, zone=zone, import_id=import_id, origin="import")
    generate = generators.find(row.mapping)
    generated = generate(row.mapping or {}) if generate is not None else None
    if generated is not None:
        rows: Iterable[ParsedRow] = (
            parsed for parsed in generated.rows if parsed.position > row.position
        )
    else:
        rows = read(uploads.path_of(row.id), _mapping(row, identity), skip=row.position)
    run = ImportRun(import_id, row.started_at)
    if not write(rows, run, source, identity, after=row.position, may_go_on=may_go_on):
        return False
    if generated is not None:
        _finish(import_id, generated)
    _analyze(import_id)
    _tell_touched(import_id)
    ended = {"status": ImportStatus.COMPLETED, "completed_at": clock.now(), "error": None}
    imports.change(import_id, ImportStatus.RUNNING, {**ended, "record_count": Import.position})
    return True


def _mapping(row: Import, identity: Identity) -> Mapping:
    return Mapping.model_validate(row.mapping).dated(identity.at)


def _finish(import_id: UUID, generated: generators.Generated) -> None:
    """Store what belongs to the rows; a request to stop waits for it. `ai` commits first:
    after a kill it is done again.
    """
    with transaction() as core:
        if queries.get_row(core, import_id, lock=True).status != ImportStatus.RUNNING:
            raise ImportStopped
        with transaction(Database.AI) as ai:
            generated.finish(core, ai, import_id)


def _check(import_id: UUID, may_go_on: Callable[[], bool]) -> bool:
    with read_session() as session:
        row = queries.get_row(session, import_id)
        identity = queries.get_identity(session, row)

    def note(records: int) -> bool:
        return may_go_on() and imports.change(
            import_id,
            ImportStatus.CHECKING,
            {"record_count": records, "moved_at": clock.now()},
            mapping=row.mapping,
        )

    path, mapping = uploads.path_of(import_id), _mapping(row, identity)
    found = dry_run.run(read(path, mapping), identity, note=note)
    if found is None:
        return may_go_on()  # else somebody has stopped it
    more: dict[str, object] = {"readings": excerpts.texts(recognize.readings(path, mapping))}
    if found.rejected:
        more["unknown"] = unknown_values.unknown(mapping, recognize.records_of(path, mapping))
    found = found.model_copy(update=more)
    values = {
        "status": ImportStatus.READY,
        "dry_run": found.model_dump(mode="json"),
        "record_count": found.records,
    }
    imports.change(import_id, ImportStatus.CHECKING, values, mapping=row.mapping)
    return True


def _analyze(import_id: UUID) -> None:
    with read_session() as session:
        row = queries.get_row(session, import_id)
    planner.analyze(row)


class _Paused(Exception): ...  # this worker is about to stop


def _undo(import_id: UUID, may_go_on: Callable[[], bool]) -> bool:
    # A step of more than 30 s looks like a killed worker, and resume() gives the undo to another
    with undo.alone(import_id) as is_alone:
        return not is_alone or _undo_alone(import_id, may_go_on)


def _undo_alone(import_id: UUID, may_go_on: Callable[[], bool]) -> bool:
    def note(_removed: undo.UndoProgress) -> None:
        if not may_go_on():
            raise _Paused
        imports.change(import_id, ImportStatus.UNDOING, {"moved_at": clock.now()})

    # Once more: of one that was stopped or killed nothing is known, and others have added rows
    # since
    _analyze(import_id)
    try:
        undo.undo(import_id, note)
    except _Paused:
        return False
    _tell_touched(import_id)
    nothing = {"position": 0, "counts": {}, "problems": [], "first_at": None, "last_at": None}
    imports.change(
        import_id,
        ImportStatus.UNDOING,
        {**nothing, "status": ImportStatus.UNDONE, "completed_at": clock.now()},
    )
    return True


def _tell_touched(import_id: UUID) -> None:
    """Tell of the days before the import says that it is over: killed in between, it does
    so again.
    """
    with transaction() as session:
        imports.announce_touched_days(session, queries.get_row(session, import_id))


def _run_of(row: Import) -> tuple[object, ...]:
    """Return what tells a run from the next one, begun after it was cancelled."""
    return row.status, row.started_at, row.mapping


def _fail(import_id: UUID, begun: tuple[object, ...], words: str) -> None:
    with transaction() as session:
        row = queries.get_row(session, import_id, lock=True)
        if _run_of(row) != begun:
            return
        imports.announce_touched_days(session, row)
        if row.status == ImportStatus.CHECKING:
            row.record_count = None
        if row.status == ImportStatus.UNDOING:
            # Some rows are gone: going on would never bring them again, and those still there are
            # known
            row.position = 0
        row.status, row.error, row.completed_at = ImportStatus.FAILED, words, clock.now()
