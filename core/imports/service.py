"""Changes what is done with a file: tried, stored, stopped, taken back, removed. The work itself is done by jobs."""

from datetime import datetime
from typing import Any
from uuid import UUID

from procrastinate.exceptions import AlreadyEnqueued
from pydantic import ValidationError
from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from core.database.db import after_commit
from core.identity import audit
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.imports import queries, quotes, uploads
from core.imports.errors import FileGone, MappingMissing, MappingOpen, MappingWrong, NotImportable, NotNow, UndoOver
from core.imports.mapping import Mapping
from core.imports.models import Import, ImportMapping
from core.imports.recognition import questions
from core.imports.schemas import BUSY, STARTABLE, Answers, Count, ImportStatus, ImportView, MappingView, NewMapping, Start
from core.imports.undoing.undo import since as undoing_since
from core.imports.uploads import Kept
from core.jobs import outbox, queue
from core.platform import clock
from core.platform.ids import new_id

TASK = "imports.work"
TOUCHED = "imports.touched"
LAYOUT = ("container", "records", "delimiter", "header")  # of a mapping


def replace_recognition(session: Session, import_id: UUID, known: dict[str, Any], *, actor: Actor) -> ImportView:
    """Take over what a file is when it is read another way; raise Forbidden, ImportMissing, NotNow or FileGone."""
    require(actor, Permission.MANAGE_IMPORTS)
    row = _startable(session, import_id)
    if has_brought(row):
        raise NotNow("Part of this file is already imported. Undo that first.")
    row.recognition, row.mapping, row.dry_run, row.error, row.status = (
        known["recognition"],
        known["mapping"],
        None,
        None,
        ImportStatus.READY,
    )
    session.flush()
    return queries.view(row)


def add(session: Session, import_id: UUID, name: str, kept: Kept, known: dict[str, Any], *, actor: Actor) -> ImportView:
    """Note a file that has been uploaded and what is `known` of it by its columns here; raise Forbidden."""
    require(actor, Permission.MANAGE_IMPORTS)
    row = Import(id=import_id, name=name, size_bytes=kept.size_bytes, sha256=kept.sha256, status=ImportStatus.READY)
    row.created_by, row.created_by_name = actor.id, actor.email
    for field, value in known.items():
        setattr(row, field, value)
    session.add(row)
    session.flush()
    session.refresh(row)
    audit.record(
        session, "import.upload", actor, targets={"import_id": str(import_id), "file": name, "size_bytes": kept.size_bytes}
    )
    return queries.view(row)


def check(session: Session, import_id: UUID, given: Start, *, actor: Actor) -> ImportView:
    """Begin a dry run; raise Forbidden, ImportMissing, NotNow, FileGone, and what a mapping may lack."""
    require(actor, Permission.MANAGE_IMPORTS)
    row = _startable(session, import_id)
    _choose(session, row, given)
    row.status, row.dry_run, row.record_count = ImportStatus.CHECKING, None, None
    return _begin(session, row)


def start(session: Session, import_id: UUID, given: Start, *, actor: Actor) -> ImportView:
    """Begin an import, or go on with one that was stopped; raise Forbidden, ImportMissing, NotNow, FileGone, and the like."""
    require(actor, Permission.MANAGE_IMPORTS)
    row = _startable(session, import_id)
    _choose(session, row, given)
    _require_answers(row)
    if row.position == 0:
        # Kinds that were named stay named: rows of them may be there (writing.py, _announce).
        row.counts = {kind: Count().model_dump() for kind in row.counts}
        row.problems, row.first_at, row.last_at, row.started_at = [], None, None, clock.now()
    row.status, row.completed_at = ImportStatus.QUEUED, None
    audit.record(session, "import.start", actor, targets=_named(row), after={"environment": row.environment})
    return _begin(session, row)


def cancel(session: Session, import_id: UUID, *, actor: Actor) -> ImportView:
    """Stop a dry run or an import; what it has brought stays until it is undone. Raise Forbidden, ImportMissing or NotNow."""
    require(actor, Permission.MANAGE_IMPORTS)
    row = queries.get_row(session, import_id, lock=True)
    if row.status == ImportStatus.CHECKING:
        row.status = ImportStatus.READY
    elif row.status in (ImportStatus.QUEUED, ImportStatus.RUNNING):
        row.status, row.completed_at = ImportStatus.CANCELLED, clock.now()
        tell_touched(session, row)
    else:
        raise NotNow
    audit.record(session, "import.cancel", actor, targets=_named(row), after={"position": row.position})
    session.flush()
    return queries.view(row)


def tell_touched(session: Session, row: Import) -> None:
    """Let those know who keep figures of days that rows of these days have come or gone."""
    if row.first_at is not None and row.last_at is not None:
        span = {"since": row.first_at.isoformat(), "until": row.last_at.isoformat()}
        outbox.tell(session, TOUCHED, {**span, "kinds": list(row.counts), "environment": row.environment})


def undo(session: Session, import_id: UUID, *, with_file: bool = False, actor: Actor) -> ImportView:
    """Take back all that an import has brought, and its file if so wanted.

    Raises Forbidden, ImportMissing, NotNow while something is under way, and UndoOver when rows of that age may have gone.
    """
    require(actor, Permission.MANAGE_IMPORTS)
    row = queries.get_row(session, import_id, lock=True)
    if row.status in BUSY or not (has_brought(row) or with_file):
        raise NotNow
    if has_brought(row) and row.started_at is not None and row.started_at < undoing_since(session):
        raise UndoOver
    if with_file:
        _remove_file(session, row)
    audit.record(session, "import.undo", actor, targets=_named(row), after={"position": row.position, "with_file": with_file})
    if not has_brought(row):
        session.flush()
        return queries.view(row)
    quotes.forget(row)
    row.status, row.error = ImportStatus.UNDOING, None
    return _begin(session, row)


def remove_file(session: Session, import_id: UUID, *, actor: Actor) -> ImportView:
    """Remove the file of an import; what it has brought stays. Raise Forbidden, ImportMissing or NotNow."""
    require(actor, Permission.MANAGE_IMPORTS)
    row = queries.get_row(session, import_id, lock=True)
    if row.status in BUSY:
        raise NotNow
    _remove_file(session, row)
    audit.record(session, "import.remove_file", actor, targets=_named(row))
    session.flush()
    return queries.view(row)


def save_mapping(session: Session, given: NewMapping, *, actor: Actor) -> MappingView:
    """Keep a mapping under a name; raise Forbidden, ImportMissing or MappingWrong."""
    require(actor, Permission.MANAGE_IMPORTS)
    columns, mapping = [], given.mapping
    if given.import_id is not None:
        row = queries.get_row(session, given.import_id)
        columns, mapping = sorted(column_names(row.recognition)), mapping or row.mapping
    if mapping is None:
        raise MappingWrong("mapping: give one, or the import whose mapping is to be kept.")
    values = {"mapping": _checked(mapping).model_dump(mode="json", by_alias=True), "columns": columns, "created_by": actor.id}
    stored = insert(ImportMapping).values(id=new_id(), name=given.name, **values)
    session.execute(stored.on_conflict_do_update(index_elements=["name"], set_={**values, "created_at": clock.now()}))
    audit.record(session, "import.save_mapping", actor, targets={"name": given.name})
    return MappingView.model_validate(session.scalars(select(ImportMapping).where(ImportMapping.name == given.name)).one())


def remove_mapping(session: Session, mapping_id: UUID, *, actor: Actor) -> None:
    """Remove a saved mapping; raise Forbidden or MappingMissing."""
    require(actor, Permission.MANAGE_IMPORTS)
    if session.scalar(delete(ImportMapping).where(ImportMapping.id == mapping_id).returning(ImportMapping.name)) is None:
        raise MappingMissing
    audit.record(session, "import.remove_mapping", actor, targets={"mapping_id": str(mapping_id)})


def column_names(recognition: dict[str, Any]) -> list[str]:
    """Return the names of the columns that were recognised."""
    return [column["path"] for column in recognition.get("columns", [])]


def layout_of(known: dict[str, Any]) -> dict[str, Any] | None:
    """Return how a file holds its records, whatever they are: a mapping that was kept for other files need not know it."""
    told = known.get("mapping") or known.get("recognition", {}).get("draft")
    return {name: told[name] for name in LAYOUT if name in told} if told else None


def first_seen(session: Session, sha256: str) -> datetime:
    """Return when a file of these bytes first came: the time of its rows that tell none, however often it is imported."""
    return session.scalar(select(func.min(Import.created_at)).where(Import.sha256 == sha256)) or clock.now()


def find_start(session: Session, sha256: str) -> datetime | None:
    """Return when what is in a file of these bytes began, as the import says that brought it, or the first that it came with."""
    same = select(Import).where(Import.sha256 == sha256, func.jsonb_typeof(Import.mapping) == "object")
    earlier = session.scalars(same.order_by(Import.position == 0, Import.created_at).limit(1)).first()
    if earlier is None or earlier.mapping is None:
        return None
    told = earlier.mapping.get("start")
    return datetime.fromisoformat(told) if told else first_seen(session, sha256)


def has_brought(row: Import) -> bool:
    """Whether there may be rows of it. After an undo that failed it is at its beginning, and some are there all the same; after a
    kill in its first chunk, too, of the kinds that are named in its counts.
    """
    return bool(row.position or row.counts)


def defer(session: Session, import_id: UUID, **when: Any) -> None:  # noqa: ANN401  queue.defer's own
    """Have a worker do what is due of an import, unless that waits already."""
    try:
        # A savepoint: the refusal of a second job would else undo what the caller has done.
        with session.begin_nested():
            queue.defer(session, TASK, queueing_lock=f"{TASK} {import_id}", import_id=str(import_id), **when)
    except AlreadyEnqueued:
        return


def _remove_file(session: Session, row: Import) -> None:
    import_id = row.id
    row.file_removed_at = row.file_removed_at or clock.now()
    quotes.forget(row)
    # A file cannot be rolled back.
    after_commit(session, lambda: uploads.remove(import_id))


def _startable(session: Session, import_id: UUID) -> Import:
    row = queries.get_row(session, import_id, lock=True)
    if row.status not in STARTABLE:
        raise NotNow
    if row.file_removed_at is not None:
        raise FileGone
    return row


def _choose(session: Session, row: Import, given: Start) -> None:
    """Take over what is said of how to read the file; raise NotImportable, MappingWrong, MappingMissing or NotNow."""
    mapping = mapping_for(session, row, given)
    if has_brought(row) and mapping != row.mapping:
        raise NotNow("Part of this file is already imported with another mapping. Undo that first.")
    row.mapping = mapping
    row.environment, row.error = given.environment or row.environment, None


def mapping_for(session: Session, row: Import, given: Start) -> dict[str, Any]:
    """Return how a file would be read; raise NotImportable, MappingWrong, MappingMissing or MappingOpen."""
    if row.recognition.get("not_yet"):
        raise NotImportable(row.recognition["not_yet"])
    chosen = given.mapping
    if given.mapping_id is not None:
        layout = layout_of({"mapping": row.mapping, "recognition": row.recognition}) or {}
        chosen = queries.get_mapping(session, given.mapping_id).mapping | layout
    if given.answers is not None:
        chosen = _answered(row, chosen or row.mapping, given.answers)
    chosen = chosen or row.mapping
    if chosen is None:
        raise MappingOpen("Missing mapping. Send a mapping, or the ID of a saved one.")
    if given.separate is not None:
        chosen = chosen | {"id_prefix": f"{given.environment or row.environment}:" if given.separate else ""}
    return _checked(chosen).model_dump(mode="json", by_alias=True)


def _require_answers(row: Import) -> None:
    waiting = (row.mapping or {}).get("open", [])
    fields = {name.partition(".")[0] for name in waiting}
    asked = [each["text"] for each in row.recognition.get("questions", []) if each.get("field") in fields]
    if waiting:
        raise MappingOpen(f"Answer these questions first: {' '.join(asked) or ', '.join(waiting)}")


def _answered(row: Import, mapping: dict[str, Any] | None, answers: Answers) -> dict[str, Any]:
    if mapping is None:
        raise MappingOpen("Missing mapping. Send a mapping, or the ID of a saved one.")
    samples = {column["path"]: list(column["samples"]) for column in row.recognition.get("columns", [])}
    found = questions.answered(mapping, samples, columns=answers.columns, units=answers.units, values=answers.values)
    plain = answers.model_dump(mode="json", exclude_none=True, include={"zone", "start", "model"})
    return found | plain


def _checked(mapping: dict[str, Any]) -> Mapping:
    try:
        return Mapping.model_validate(mapping)
    except ValidationError as wrong:
        errors = [{"field": ".".join(str(part) for part in each["loc"]), "message": each["msg"]} for each in wrong.errors()]
        first = errors[0]
        raise MappingWrong(f"Invalid mapping: {first['field']}: {first['message']}", errors=errors) from None


def _begin(session: Session, row: Import) -> ImportView:
    row.moved_at = clock.now()
    session.flush()
    defer(session, row.id)
    return queries.view(row)


def _named(row: Import) -> dict[str, str]:
    return {"import_id": str(row.id), "file": row.name}
