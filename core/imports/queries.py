"""Read imports."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.database.paging import Page, Window
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.imports.errors import ImportMissing, MappingMissing
from core.imports.ingest.chunks import Identity
from core.imports.models import Import, ImportMapping
from core.imports.schemas import ImportProgress, ImportStatus, ImportView, MappingView, SameFile
from core.platform import clock


def list_imports(session: Session, *, window: Window, actor: Actor) -> Page[ImportView]:
    """Return imports, latest first, without what their files say; raise Forbidden."""
    require(actor, Permission.MANAGE_IMPORTS)
    rows = session.scalars(
        select(Import).order_by(Import.created_at.desc()).limit(window.limit).offset(window.offset)
    )
    return window.page(
        [_brief(view(row)) for row in rows],
        session.scalar(select(func.count()).select_from(Import)) or 0,
    )


def get_import(session: Session, import_id: UUID, *, actor: Actor) -> ImportView:
    """Return an import; raise Forbidden or ImportMissing."""
    require(actor, Permission.MANAGE_IMPORTS)
    row = get_row(session, import_id)
    return view(row).model_copy(update={"same_file": same_file(session, row)})


def same_file(session: Session, row: Import) -> list[SameFile]:
    """Return other imports of the same bytes whose rows are there, the first one first."""
    same = (
        select(Import.id, Import.environment, Import.created_at, Import.counts)
        .where(Import.sha256 == row.sha256, Import.id != row.id, Import.position > 0)
        .order_by(Import.created_at)
    )
    return [
        SameFile(id=other.id, environment=other.environment, created_at=other.created_at)
        for other in session.execute(same)
        if any(count.get("accepted") for count in other.counts.values())
    ]


def get_row(session: Session, import_id: UUID, *, lock: bool = False) -> Import:
    """Return the row of an import, locked if so wanted; raise ImportMissing."""
    wanted = select(Import).where(Import.id == import_id)
    found = session.scalar(wanted.with_for_update() if lock else wanted)
    if found is None:
        raise ImportMissing
    return found


def has_undo(session: Session) -> bool:
    """Return whether an import is being undone."""
    undoing = select(Import.id).where(Import.status == ImportStatus.UNDOING)
    return session.scalar(undoing.limit(1)) is not None


def list_mappings(session: Session, *, window: Window, actor: Actor) -> Page[MappingView]:
    """Return saved mappings by name; raise Forbidden."""
    require(actor, Permission.MANAGE_IMPORTS)
    rows = session.scalars(
        select(ImportMapping).order_by(ImportMapping.name).limit(window.limit).offset(window.offset)
    )
    found = [MappingView.model_validate(row) for row in rows]
    return window.page(found, session.scalar(select(func.count()).select_from(ImportMapping)) or 0)


def get_mapping(session: Session, mapping_id: UUID) -> ImportMapping:
    """Return a saved mapping; raise MappingMissing."""
    found = session.get(ImportMapping, mapping_id)
    if found is None:
        raise MappingMissing
    return found


def find_mapping_for(session: Session, columns: list[str]) -> ImportMapping | None:
    """Return the latest saved mapping that was made for exactly these columns."""
    if not columns:
        return None
    wanted = select(ImportMapping).where(ImportMapping.columns == sorted(columns))
    return session.scalar(wanted.order_by(ImportMapping.created_at.desc()).limit(1))


def first_seen(session: Session, sha256: str) -> datetime:
    """Return when a file of these bytes first came: the time of its rows that tell none, however
    often it is imported.
    """
    came = select(func.min(Import.created_at)).where(Import.sha256 == sha256)
    return session.scalar(came) or clock.now()


def find_start(session: Session, sha256: str) -> datetime | None:
    """Return when what is in a file of these bytes began, as the import says that brought it, or
    the first that it came with.
    """
    same = select(Import).where(
        Import.sha256 == sha256, func.jsonb_typeof(Import.mapping) == "object"
    )
    earlier = session.scalar(same.order_by(Import.position == 0, Import.created_at).limit(1))
    if earlier is None or earlier.mapping is None:
        return None
    start = earlier.mapping.get("start")
    return datetime.fromisoformat(start) if start else first_seen(session, sha256)


def get_identity(session: Session, row: Import) -> Identity:
    """Return what names and dates the rows of an import that bring no ID or time of their own."""
    prefix = (row.mapping or {}).get("id_prefix", "")
    return Identity(row.sha256, first_seen(session, row.sha256), prefix)


def view(row: Import) -> ImportView:
    """Return an import as it is shown."""
    plain: dict[str, Any] = {
        name: getattr(row, name) for name in ImportView.model_fields if hasattr(row, name)
    }
    return ImportView(**plain, progress=_progress(row), has_file=row.file_removed_at is None)


def _brief(found: ImportView) -> ImportView:
    known = {
        name: value
        for name, value in found.recognition.items()
        if name not in ("columns", "readings")
    }
    dry = found.dry_run and found.dry_run.model_copy(update={"samples": [], "readings": []})
    return found.model_copy(update={"recognition": known, "dry_run": dry})


def _progress(row: Import) -> ImportProgress:
    if row.status == ImportStatus.CHECKING:
        return ImportProgress(records_done=row.record_count or 0, records_total=None, fraction=None)
    if row.status == ImportStatus.COMPLETED:
        return ImportProgress(records_done=row.position, records_total=row.position, fraction=1.0)
    total = row.record_count
    return ImportProgress(
        records_done=row.position,
        records_total=total,
        fraction=min(1.0, row.position / total) if total else None,
    )
