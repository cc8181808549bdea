"""Load and remove the demo: an import like any other, with its job and undo."""

from hashlib import sha256

from sqlalchemy.orm import Session

from core.database import settings
from core.demo import queries
from core.demo.errors import NoDemo, NotEmpty
from core.demo.schemas import DemoDecision
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.identity.service import audit
from core.imports.models import Import
from core.imports.schemas import ImportStatus
from core.imports.service import imports
from core.platform import clock
from core.platform.ids import new_id

NAME = "Demo workspace"
OURSELVES = "Attune"


def decide(session: Session, *, is_wanted: bool) -> bool:
    """Schedule the demo on the first start of a new database; return whether it is wanted."""
    if settings.read(session, DemoDecision).is_decided:
        return False
    comes = is_wanted and queries.is_untouched(session)
    settings.write(session, DemoDecision(is_decided=True), by=None)
    if comes:
        _begin(session, by=None)
    return comes


def load(session: Session, *, actor: Actor) -> None:
    """Load the demo; raise Forbidden or NotEmpty."""
    require(actor, Permission.MANAGE_IMPORTS)
    # Of two who load it at the same time, the second waits here, and then finds the first's
    settings.amend(session, DemoDecision(is_decided=True), by=actor.id)
    if not queries.may_load(session):
        raise NotEmpty
    row = _begin(session, by=actor)
    audit.record(session, "demo.load", actor, targets={"import_id": str(row.id)})


def remove(session: Session, *, actor: Actor) -> None:
    """Remove the demo, even while it loads, by undoing its import; raise NoDemo, UndoOver."""
    require(actor, Permission.MANAGE_IMPORTS)
    row = queries.find_row(session, lock=True)
    if row is None:
        raise NoDemo
    if row.status == ImportStatus.UNDOING:
        return
    audit.record(
        session,
        "demo.remove",
        actor,
        targets={"import_id": str(row.id)},
        after={"rows": row.position},
    )
    if row.status in (ImportStatus.QUEUED, ImportStatus.RUNNING):
        imports.cancel(session, row.id, actor=actor)
    if imports.may_have_rows(row):
        imports.undo(session, row.id, actor=actor)
    else:
        row.status = ImportStatus.UNDONE  # nothing of it had come: a new one may


def _begin(session: Session, *, by: Actor | None) -> Import:
    now = clock.now()
    row = Import(
        id=new_id(),
        name=NAME,
        size_bytes=0,
        sha256=sha256(f"{queries.FORMAT} {now.isoformat()}".encode()).hexdigest(),
        status=ImportStatus.QUEUED,
        mapping={"format": queries.FORMAT, "until": now.isoformat()},
        started_at=now,
        created_by=by.id if by is not None else None,
        created_by_name=by.email if by is not None else OURSELVES,
    )
    session.add(row)
    session.flush()
    imports.defer(session, row.id)
    return row
