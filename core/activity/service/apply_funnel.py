"""Prepare saved funnels in the background, and apply the workspace's to all subjects.

Nothing is lost on the way: until a funnel is applied the workspace keeps the one before, and the
figures of any other come from the raw rows.
"""

from contextlib import suppress
from uuid import UUID

from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from core.activity.ingest.event_codes import backfill
from core.activity.ingest.funnel import statements
from core.activity.models.funnels import EventType, FunnelEvent, SavedFunnel, SavedFunnelVersion
from core.activity.queries.funnels.workspace_funnel import coded, funnel_of, latest_version, rule_of
from core.database.db import retry_on_conflict, transaction
from core.database.locks import Lock
from core.errors import LimitReached
from core.jobs import queue
from core.platform import clock

TASK = "activity.prepare_funnels"
DAILY_FIGURES = "system.write_onboarding"
# One update of all subjects: how long it takes grows with the workspace
UNHURRIED = text("select set_config('statement_timeout', '0', true)")


def prepare_funnels() -> None:
    """Give event types of saved funnels their codes, mark their earlier events, and apply the
    workspace's funnel.
    """
    # Checked as funnels are saved; two that are saved at once may still need more than there are,
    # and must not keep the others from being applied
    with suppress(LimitReached), transaction() as session:
        backfill.give_codes(session, types_without_code(session))
    while not queue.stopping.is_set() and backfill.mark_stretch():
        pass
    if not queue.stopping.is_set():
        retry_on_conflict(apply_workspace_funnel)


def types_without_code(session: Session, *, besides: UUID | None = None) -> list[str]:
    """Return the received event types of the latest versions that have no code yet, without those
    of a funnel that is changed.
    """
    # One statement: a funnel may be deleted between the list of funnels and their versions
    latest = (
        select(SavedFunnelVersion)
        .ext(distinct_on(SavedFunnelVersion.funnel_id))
        .order_by(SavedFunnelVersion.funnel_id, SavedFunnelVersion.number.desc())
    )
    wanted = {
        name
        for version in session.scalars(latest)
        if version.funnel_id != besides
        for step in version.steps
        for name in step["event_types"]
    }
    received = select(EventType.event_type).where(
        EventType.event_type.in_(wanted),
        EventType.event_type.not_in(select(FunnelEvent.event_type)),
    )
    return list(session.scalars(received))


def apply_workspace_funnel() -> None:
    """Set of all subjects when they reached the steps of the workspace's funnel, if it is another
    than before.

    Processes that derive subjects wait until this is committed, and then follow the new funnel;
    readers see the old one until then. Programs that send events do not wait.
    """
    with transaction() as session:
        if not _is_pending(session):
            return
        session.execute(UNHURRIED)
        session.execute(select(func.pg_advisory_xact_lock(Lock.FUNNEL)))
        if not _is_pending(session):  # another process applied it while this one waited
            return
        version = _latest(session)
        codes = dict(session.execute(select(FunnelEvent.event_type, FunnelEvent.code)).all())
        funnel = funnel_of(version.steps, version.window_days, any_order=version.any_order)
        session.execute(statements.apply(rule_of(funnel, coded(funnel, codes))))
        session.execute(
            update(SavedFunnelVersion).values(is_applied=False).where(SavedFunnelVersion.is_applied)
        )
        version.is_applied, version.applied_at = True, clock.now()
        # In this transaction: figures of the old funnel would stay if the process were killed here
        queue.defer(session, DAILY_FIGURES)


def _latest(session: Session) -> SavedFunnelVersion:
    workspace = session.scalars(select(SavedFunnel.id).where(SavedFunnel.is_workspace)).one()
    return latest_version(session, workspace)


def _is_pending(session: Session) -> bool:
    version = _latest(session)
    names = {name for step in version.steps for name in step["event_types"]}
    marked = session.scalars(select(FunnelEvent).where(FunnelEvent.event_type.in_(names))).all()
    is_marked = len(marked) == len(names) and not any(each.is_behind for each in marked)
    return is_marked and not version.is_applied
