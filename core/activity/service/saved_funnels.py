"""Saved funnels: each save is a version; one funnel is the workspace's, which users' statuses, the
Overview and the findings follow.
"""

from contextlib import suppress
from datetime import datetime, timedelta
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from core.activity.errors import FunnelMissing, FunnelNameTaken, FunnelRefused, WorkspaceFunnelKept
from core.activity.funnel_views import FunnelView
from core.activity.ingest.event_codes import backfill
from core.activity.models.funnels import FunnelEvent, SavedFunnel, SavedFunnelVersion
from core.activity.queries.funnels import funnel_counts, funnel_sql
from core.activity.queries.funnels.funnel import Funnel, Step
from core.activity.queries.funnels.workspace_funnel import latest_version
from core.activity.schemas import (
    FunnelDefinition,
    FunnelState,
    FunnelVersionView,
    SavedFunnelView,
    SavedStep,
)
from core.activity.service import apply_funnel
from core.database.db import refuse_duplicates
from core.database.settings import check_unchanged
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.identity.service import audit
from core.jobs.failures import last_failure
from core.platform import clock
from core.platform.ids import new_id
from core.presentation.periods import Period, Watched

PREVIEWED = timedelta(days=30)
# Longer than the statement_timeout of its job: a failure stays while the next try fails too
FAILURE_SHOWN_FOR = timedelta(minutes=10)


def list_funnels(session: Session, *, actor: Actor) -> list[SavedFunnelView]:
    """Return the workspace's funnel, then the others by name."""
    require(actor, Permission.WATCH)
    rows = session.scalars(
        select(SavedFunnel).order_by(SavedFunnel.is_workspace.desc(), func.lower(SavedFunnel.name))
    )
    views = list[SavedFunnelView]()
    for row in rows.all():
        with suppress(FunnelMissing):  # deleted since
            views.append(_view(session, row))
    return views


def get_funnel(session: Session, funnel_id: UUID, *, actor: Actor) -> SavedFunnelView:
    """Return a saved funnel; raise FunnelMissing."""
    require(actor, Permission.WATCH)
    return _view(session, _find(session, funnel_id))


def list_versions(session: Session, funnel_id: UUID, *, actor: Actor) -> list[FunnelVersionView]:
    """Return a funnel's versions, the latest first; raise FunnelMissing."""
    require(actor, Permission.WATCH)
    _find(session, funnel_id)
    rows = session.scalars(
        select(SavedFunnelVersion)
        .where(SavedFunnelVersion.funnel_id == funnel_id)
        .order_by(SavedFunnelVersion.number.desc())
    )
    return [FunnelVersionView.model_validate(row, from_attributes=True) for row in rows]


def create_funnel(
    session: Session, definition: FunnelDefinition, *, actor: Actor
) -> SavedFunnelView:
    """Save a new funnel; raise FunnelRefused, FunnelNameTaken or LimitReached."""
    require(actor, Permission.CHANGE_WORKSPACE)
    _check(session, definition)
    row = SavedFunnel(id=new_id(), name=definition.name.strip(), created_by=actor.id)
    session.add(row)
    _store(session, row, definition, actor)
    audit.record(session, "funnel.create", actor, targets=_target(row), after=_facts(definition))
    return _view(session, row)


def change_funnel(
    session: Session,
    funnel_id: UUID,
    definition: FunnelDefinition,
    *,
    actor: Actor,
    loaded: SavedFunnelView | None = None,
) -> SavedFunnelView:
    """Save a funnel anew: other steps, window or order are a new version.

    Raises FunnelMissing, FunnelRefused, FunnelNameTaken, LimitReached, or WorkspaceFunnelKept
    where the workspace would be left without one; SettingsChanged when a form was loaded with
    another version.
    """
    require(actor, Permission.CHANGE_WORKSPACE)
    row = _find(session, funnel_id, lock=True)
    before = _view(session, row)
    check_unchanged(before, loaded, ("name", "is_workspace", "version"))
    if row.is_workspace and not definition.is_workspace:
        raise WorkspaceFunnelKept
    _check(session, definition, changed=row.id)
    row.name = definition.name.strip()
    _store(session, row, definition, actor)
    audit.record(
        session,
        "funnel.change",
        actor,
        targets=_target(row),
        before=before.model_dump(mode="json", include=set(_facts(definition))),
        after=_facts(definition),
    )
    return _view(session, row)


def delete_funnel(session: Session, funnel_id: UUID, *, actor: Actor) -> None:
    """Delete a funnel and its versions; raise FunnelMissing or WorkspaceFunnelKept."""
    require(actor, Permission.CHANGE_WORKSPACE)
    row = _find(session, funnel_id, lock=True)
    # Locked first: another admin may make this the workspace's funnel at the same time
    applied = select(SavedFunnelVersion.id).where(
        SavedFunnelVersion.funnel_id == row.id, SavedFunnelVersion.is_applied
    )
    if row.is_workspace or session.scalar(applied) is not None:
        raise WorkspaceFunnelKept
    audit.record(session, "funnel.delete", actor, targets=_target(row))
    session.delete(row)


def preview_funnel(
    session: Session, definition: FunnelDefinition, watched: Watched, zone: str, *, actor: Actor
) -> FunnelView:
    """Return the funnel of the last 30 days, without saving it; raise FunnelRefused."""
    require(actor, Permission.WATCH)
    now = clock.now()
    period = Period(now - PREVIEWED, now, zone)
    return funnel_counts.read_funnel(session, period, watched, funnel_from(definition), actor=actor)


def definition_of(name: str, funnel: Funnel, *, is_workspace: bool) -> FunnelDefinition:
    """Return a funnel as it is sent to be saved; raise FunnelRefused."""
    if not name.strip():
        raise FunnelRefused("Enter a name.")
    if any(not step.event_types for step in funnel.steps):
        raise FunnelRefused("Choose an event type for each step.")
    try:
        steps = [
            SavedStep(label=step.label, event_types=list(step.event_types), optional=step.optional)
            for step in funnel.checked().steps
        ]
        return FunnelDefinition(
            name=name,
            steps=steps,
            window_days=funnel.window.days,
            any_order=funnel.any_order,
            is_workspace=is_workspace,
        )
    except ValidationError:  # events may have types that an address could not name
        raise FunnelRefused(
            "Event types with a comma, | or ?, or of more than 128 characters, can't be steps of a "
            "funnel, and a step has at most 20 of them."
        ) from None


def funnel_from(definition: FunnelDefinition | SavedFunnelView | FunnelVersionView) -> Funnel:
    """Return it as the queries take it; raise FunnelRefused."""
    steps = tuple(
        Step(tuple(dict.fromkeys(each.event_types)), each.optional, each.label.strip())
        for each in definition.steps
    )
    return Funnel(steps, timedelta(days=definition.window_days), definition.any_order).checked()


def _check(session: Session, definition: FunnelDefinition, *, changed: UUID | None = None) -> None:
    """Raise FunnelRefused for types that were never received, and LimitReached where the job that
    prepares saved funnels would not have a code for each.
    """
    funnel = funnel_from(definition)
    funnel_sql.check_received(session, funnel)
    types = {name for step in funnel.steps for name in step.event_types}
    backfill.check_codes(
        session, types.union(apply_funnel.types_without_code(session, besides=changed))
    )


def _find(session: Session, funnel_id: UUID, *, lock: bool = False) -> SavedFunnel:
    row = session.get(SavedFunnel, funnel_id, with_for_update=lock)
    if row is None:
        raise FunnelMissing
    return row


def _store(session: Session, row: SavedFunnel, definition: FunnelDefinition, actor: Actor) -> None:
    with refuse_duplicates(FunnelNameTaken):
        session.flush()
    if definition.is_workspace and not row.is_workspace:
        # Waits for another that becomes it now: the update then begins after, and finds that one
        session.execute(select(SavedFunnel.id).where(SavedFunnel.is_workspace).with_for_update())
        session.execute(
            update(SavedFunnel).values(is_workspace=False).where(SavedFunnel.is_workspace)
        )
        row.is_workspace = True
    numbers = select(func.max(SavedFunnelVersion.number)).where(
        SavedFunnelVersion.funnel_id == row.id
    )
    number = session.scalar(numbers) or 0
    facts = _facts(definition)
    del facts["name"], facts["is_workspace"]
    if number:
        last = latest_version(session, row.id)
        # A new name alone is no version: steps, window and order are what a version fixes
        if all(getattr(last, name) == value for name, value in facts.items()):
            return
    session.add(
        SavedFunnelVersion(
            id=new_id(), funnel_id=row.id, number=number + 1, created_by=actor.id, **facts
        )
    )
    session.flush()


def _view(session: Session, row: SavedFunnel) -> SavedFunnelView:
    last = latest_version(session, row.id)
    names = {name for step in last.steps for name in step["event_types"]}
    coded = session.scalars(select(FunnelEvent).where(FunnelEvent.event_type.in_(names))).all()
    progress = min((each.progress for each in coded), default=0.0)
    progress = progress if len(coded) == len(names) else 0.0
    is_ready = progress == 1 and (last.is_applied or not row.is_workspace)
    return SavedFunnelView(
        id=row.id,
        name=row.name,
        is_workspace=row.is_workspace,
        version=last.number,
        steps=[SavedStep.model_validate(step) for step in last.steps],
        window_days=last.window_days,
        any_order=last.any_order,
        created_at=row.created_at,
        state=FunnelState.READY if is_ready else FunnelState.PREPARING,
        progress=progress,
        history_since=max((each.kept_since for each in coded if each.kept_since), default=None),
        failed_at=None if is_ready else _failed_at(session),
    )


def _failed_at(session: Session) -> datetime | None:
    return last_failure(session, apply_funnel.TASK, since=clock.now() - FAILURE_SHOWN_FOR)


def _facts(definition: FunnelDefinition) -> dict[str, object]:
    steps = [
        {"label": step.label, "event_types": list(step.event_types), "optional": step.optional}
        for step in funnel_from(definition).steps
    ]
    return {
        "name": definition.name.strip(),
        "steps": steps,
        "window_days": definition.window_days,
        "any_order": definition.any_order,
        "is_workspace": definition.is_workspace,
    }


def _target(row: SavedFunnel) -> dict[str, object]:
    return {"funnel_id": row.id, "name": row.name}
