"""The state of the demo: whether it is loaded, and may be."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, select, text
from sqlalchemy.orm import Session

from core.demo.schemas import DemoView
from core.imports.models import Import
from core.imports.schemas import ImportStatus
from core.imports.service.undo import undo
from core.platform.config import config

FORMAT = "demo"
GONE = (ImportStatus.UNDONE, ImportStatus.READY)
HAS_ROWS = text("""
select exists(select 1 from users) or exists(select 1 from conversations)
    or exists(select 1 from user_activity_events)
    or exists(select 1 from ai_request_metrics)""")
# Attune's own job runs in every workspace, and an import that stored nothing has brought nothing.
HAS_OTHERS = text("""
select exists(select 1 from imports where id <> :demo and status <> 'undone'
        and jsonb_path_exists(counts, '$.*.accepted ? (@ > 0)'))
    or exists(select 1 from conversations where import_id is null)
    or exists(select 1 from user_activity_events where import_id is null)
    or exists(select 1 from ai_request_metrics where import_id is null)
    or exists(select 1 from batch_run_history where import_id is null
        and batch_job <> 'attune.daily')""")
NO_DEMO = UUID(int=0)
WAS_USED = text("select exists(select from admin_sessions)")


def find_row(session: Session, *, lock: bool = False) -> Import | None:
    """Return the demo's import while it is loaded, loading or being removed."""
    came_to_nothing = and_(
        Import.status == ImportStatus.CANCELLED, Import.position == 0, Import.counts == {}
    )
    wanted = select(Import).where(
        Import.mapping["format"].astext == FORMAT, Import.status.not_in(GONE), ~came_to_nothing
    )
    wanted = wanted.order_by(Import.created_at.desc()).limit(1)
    return session.scalar(wanted.with_for_update() if lock else wanted)


def find_demo(session: Session) -> DemoView | None:
    """Return the demo while it is loaded, loading or being removed."""
    row = find_row(session)
    if row is None or row.mapping is None:
        return None
    may_go = row.started_at is None or row.started_at >= undo.since(session)
    until = datetime.fromisoformat(row.mapping["until"])
    is_mixed = _has_others(session, row.id)
    return DemoView(
        status=ImportStatus(row.status),
        rows=row.position,
        until=until,
        may_go=may_go,
        is_mixed=is_mixed,
    )


def has_own_rows(session: Session) -> bool:
    """Whether a row is stored that is not the demo's."""
    row = find_row(session)
    return _has_others(session, row.id if row else NO_DEMO)


def _has_others(session: Session, demo: UUID) -> bool:
    return bool(session.scalar(HAS_OTHERS, {"demo": demo}))


def may_load(session: Session) -> bool:
    """Whether the demo may be loaded: the database is Attune's own, and empty."""
    return config().embedded_postgres and find_row(session) is None and not session.scalar(HAS_ROWS)


def is_untouched(session: Session) -> bool:
    """Whether no account has signed in and no row has been sent."""
    return not session.scalar(WAS_USED) and may_load(session)
