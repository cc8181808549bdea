"""Load and remove the demo: an import like any other, with its job and undo."""

from hashlib import sha256

from sqlalchemy.orm import Session

from core.database import settings
from core.demo import queries
from core.demo.errors import NoDemo, NotEmpty
from core.demo.generator.rows import SEED
from core.demo.schemas import Demo
from core.identity import audit
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.imports import service as imports
from core.imports.models import Import
from core.imports.schemas import ImportStatus
from core.platform import clock
from core.platform.ids import new_id

NAME = "Demo workspace"
OURSELVES = "Attune"


def decide(session: Session, *, is_wanted: bool) -> bool:
    """On the first start of a new database, let the demo come if it is wanted; return whether it does. Later, do nothing."""
    if settings.read(session, Demo).is_decided:
        return False
    comes = is_wanted and queries.is_untouched(session)
    settings.write(session, Demo(is_decided=True), by=None)
    if comes:
        _begin(session, by=None)
    return comes


def load(session: Session, *, actor: Actor) -> None:
    """Let the demo come; raise Forbidden or NotEmpty."""
    require(actor, Permission.MANAGE_IMPORTS)
    if not queries.may_load(session):
        raise NotEmpty
    row = _begin(session, by=actor)
    audit.record(session, "demo.load", actor, targets={"import_id": str(row.id)})


def remove(session: Session, *, actor: Actor) -> None:
    """Let the demo go, also while it is still coming in: the undo of its import. Raise Forbidden, NoDemo, or UndoOver."""
    require(actor, Permission.MANAGE_IMPORTS)
    row = queries.find_row(session, lock=True)
    if row is None:
        raise NoDemo
    if row.status == ImportStatus.UNDOING:
        return
    audit.record(session, "demo.remove", actor, targets={"import_id": str(row.id)}, after={"rows": row.position})
    if row.status in (ImportStatus.QUEUED, ImportStatus.RUNNING):
        imports.cancel(session, row.id, actor=actor)
    if imports.has_brought(row):
        imports.undo(session, row.id, actor=actor)
    else:
        row.status = ImportStatus.UNDONE  # nothing of it had come: a new one may


def _begin(session: Session, *, by: Actor | None) -> Import:
    now = clock.now()
    row = Import(
        id=new_id(),
        name=NAME,
        size_bytes=0,
        sha256=sha256(f"{queries.FORMAT} {SEED} {now.isoformat()}".encode()).hexdigest(),
        status=ImportStatus.QUEUED,
        mapping={"format": queries.FORMAT, "seed": SEED, "until": now.isoformat()},
        started_at=now,
        created_by=by.id if by is not None else None,
        created_by_name=by.email if by is not None else OURSELVES,
    )
    session.add(row)
    session.flush()
    imports.defer(session, row.id)
    return row
