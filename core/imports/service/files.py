"""Files of imports: what each is recognized as, and which are no longer needed."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from core.database import settings
from core.database.db import Session, read_session, transaction
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.identity.service import audit
from core.imports import excerpts, queries, uploads
from core.imports.containers.files import SUPPORTED, FileUnreadable
from core.imports.errors import FileGone, NotNow
from core.imports.models import Import
from core.imports.recognition import first_records, recognize
from core.imports.recognition.result import Assumptions
from core.imports.schemas import BUSY, ImportStatus, ImportView, ReadAs
from core.imports.service import imports, mappings
from core.platform import clock


def add(import_id: UUID, name: str, stored: uploads.StoredFile, *, actor: Actor) -> ImportView:
    """Recognize a file that was uploaded, and create its import; of one that cannot be read, the
    import has failed and says why, and the file is removed. Raise Forbidden.
    """
    require(actor, Permission.MANAGE_IMPORTS)
    try:
        known = _known(import_id, stored.sha256, None)
    except FileUnreadable as unreadable:
        detail = unreadable.detail
        if SUPPORTED not in detail and first_records.WHAT_TO_DO not in detail:
            detail = f"{detail} {first_records.WHAT_TO_DO}"
        known = {"status": ImportStatus.FAILED, "error": detail, "file_removed_at": clock.now()}
        uploads.remove(import_id)  # nothing can be done with it, and it takes room
    except Exception:
        uploads.remove(import_id)  # nothing names it yet
        raise
    with transaction() as session:
        row = Import(
            id=import_id,
            name=name,
            size_bytes=stored.size_bytes,
            sha256=stored.sha256,
            created_by=actor.id,
            created_by_name=actor.email,
            **{"status": ImportStatus.READY, **known, **_saved(session, known)},
        )
        session.add(row)
        session.flush()
        session.refresh(row)
        targets = {"import_id": str(import_id), "file": name, "size_bytes": stored.size_bytes}
        audit.record(session, "import.upload", actor, targets=targets)
        # Not made from the row alone: other imports of the same file are named with it
        return queries.get_import(session, import_id, actor=actor)


def recognize_again(import_id: UUID, read_as: ReadAs, *, actor: Actor) -> ImportView:
    """Recognise a file again with the given reading settings.

    Raises Forbidden, ImportMissing, NotNow, FileGone or FileUnreadable.
    """
    require(actor, Permission.MANAGE_IMPORTS)
    with read_session() as session:
        row = queries.get_row(session, import_id)
    if row.file_removed_at is not None:
        raise FileGone
    known = _known(import_id, row.sha256, read_as)
    with transaction() as session:
        row = imports.get_startable(session, import_id)
        if imports.may_have_rows(row):
            raise NotNow("Part of this file is already imported. Undo that first.")
        row.recognition, row.mapping = known["recognition"], known["mapping"]
        row.status, row.dry_run, row.error = ImportStatus.READY, None, None
        row.record_count = None
        session.flush()
        return queries.view(row)


def forget_abandoned() -> None:
    """Remove files that nothing needs: of uploads and workers that were killed, and those that no
    import names.
    """
    with read_session() as session:
        needed = {
            row.id: row.needed
            for row in session.execute(
                select(Import.id, Import.file_removed_at.is_(None).label("needed"))
            )
        }
        busy = set(session.scalars(select(Import.id).where(Import.status.in_(BUSY))))
    uploads.forget_abandoned(needed, busy)


def _known(import_id: UUID, sha256: str, read_as: ReadAs | None) -> dict[str, Any]:
    with read_session() as session:
        known = Assumptions(
            zone=settings.read(session, settings.Workspace).reporting_time_zone,
            came=queries.first_seen(session, sha256),
            start=queries.find_start(session, sha256),
        )
    found = recognize.recognize(uploads.path_of(import_id), assumed=known, read_as=read_as)
    plain = found.model_dump(mode="json", by_alias=True)
    mapping = plain.pop("mapping")
    return {"recognition": excerpts.recognition(plain), "mapping": mapping}


def _saved(session: Session, known: dict[str, Any]) -> dict[str, Any]:
    """Return the mapping that was saved for such columns, if there is one, with what is of this
    file alone.
    """
    if (layout := mappings.layout_of(known)) is None:
        return {}
    saved = queries.find_mapping_for(session, mappings.column_names(known["recognition"]))
    return {} if saved is None else {"mapping": saved.mapping | layout}
