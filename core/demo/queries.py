"""Whether there is a demo, and whether there may be one."""

from datetime import datetime

from sqlalchemy import and_, select, text
from sqlalchemy.orm import Session

from core.config import config
from core.demo.schemas import DemoView
from core.imports import undo
from core.imports.models import Import
from core.imports.schemas import Status

FORMAT = "demo"
GONE = (Status.UNDONE, Status.READY)
HAS_ROWS = text("""
select exists(select from users) or exists(select from conversations) or exists(select from user_activity_events)
    or exists(select from ai_request_metrics)""")
WAS_USED = text("select exists(select from admin_sessions)")


def find_row(session: Session, *, lock: bool = False) -> Import | None:
    """Return the import of the demo that is here, or coming or going."""
    came_to_nothing = and_(Import.status == Status.CANCELLED, Import.position == 0, Import.counts == {})
    wanted = select(Import).where(Import.mapping["format"].astext == FORMAT, Import.status.not_in(GONE), ~came_to_nothing)
    wanted = wanted.order_by(Import.created_at.desc()).limit(1)
    return session.scalar(wanted.with_for_update() if lock else wanted)


def find_demo(session: Session) -> DemoView | None:
    """Return the demo that is here, or coming or going."""
    row = find_row(session)
    if row is None or row.mapping is None:
        return None
    may_go = row.started_at is None or row.started_at >= undo.since(session)
    until = datetime.fromisoformat(row.mapping["until"])
    return DemoView(status=Status(row.status), rows=row.position, until=until, may_go=may_go)


def may_load(session: Session) -> bool:
    """Whether a demo may come: into Attune's own database, when nothing else is there."""
    return config().embedded_postgres and find_row(session) is None and not session.scalar(HAS_ROWS)


def is_untouched(session: Session) -> bool:
    """Whether nobody has ever signed in or sent anything."""
    return not session.scalar(WAS_USED) and may_load(session)
