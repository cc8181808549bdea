"""One user: details, onboarding progress and events."""

from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    RowMapping,
    Select,
    Uuid,
    and_,
    func,
    literal,
    literal_column,
    select,
    union_all,
)
from sqlalchemy.orm import Session

from core.activity.errors import UserMissing
from core.activity.models.events import Event
from core.activity.models.funnels import FunnelPart
from core.activity.models.users import User, UserDay
from core.activity.queries.funnels import onboarding_progress
from core.activity.queries.funnels.onboarding_progress import OnboardingProgress
from core.activity.queries.releases import release_place
from core.activity.queries.user_lists import summary_of
from core.activity.views import UserSummary, UserView
from core.database.tables import table_of
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.ingest.external_ids import keys_of
from core.presentation.periods import Watched

users = table_of(User)
user_days = table_of(UserDay)
events = table_of(Event)
parts = table_of(FunnelPart)


def get_user(session: Session, given: str, watched: Watched, *, actor: Actor) -> UserView:
    """Return a user by our id or the sender's; raise UserMissing."""
    require(actor, Permission.WATCH)
    row, found = find_progress(session, given, watched)
    # Releases from before days were counted by release have no days of their own
    place = release_place(session, watched) or watched.environment
    figures = session.execute(_figures(row["id"], watched, place)).one()
    return UserView(
        **summarize(row, found).model_dump(),
        traits=row["traits"],
        reached=list(found.reached),
        active_days=figures.active_days,
        events=figures.events,
        errors=figures.errors,
        why=found.why,
    )


def find_progress(
    session: Session, given: str, watched: Watched
) -> tuple[RowMapping, OnboardingProgress]:
    """Return a user's row and progress; raise UserMissing."""
    keys = literal(list(keys_of("user", given)), ARRAY(Uuid()))
    wanted = (
        select(users)
        .where(users.c.id == func.any(keys))
        .order_by(func.array_position(keys, users.c.id))  # Attune's own ID comes first
        .limit(1)
    )
    row = session.execute(wanted).mappings().first()
    if row is None:
        raise UserMissing
    return row, onboarding_progress.read_progress(
        session, row["last_seen_at"], watched, user_id=row["id"]
    )


def summarize(row: RowMapping, found: OnboardingProgress) -> UserSummary:
    """Return a user in one line."""
    names = [step.name for step in found.funnel.steps]
    return summary_of(row, found.status, found.step, names)


def own_events(id_: UUID, watched: Watched) -> tuple[Select[Any], Select[Any]]:
    """Return a user's events, and those of their anonymous sessions (`is_anonymous`)."""
    wanted = event_filters(watched)
    named = select(events, literal_column("false").label("is_anonymous")).where(
        events.c.user_id == id_, *wanted
    )
    in_session = and_(
        # A session's part is its ID after `s:`
        events.c.session_id == func.substr(parts.c.part, 3),
        events.c.environment == parts.c.environment,
        events.c.app == parts.c.app,
    )
    own = (
        parts.c.owner == func.user_subject(id_),
        parts.c.environment == watched.environment,
        func.is_session(parts.c.part),
    )
    nameless = select(events, literal_column("true").label("is_anonymous")).join_from(
        parts, events, in_session
    )
    nameless = nameless.where(*own, events.c.user_id.is_(None), *wanted)
    # These are few, and not in the order of an index: a limit would mislead the planner
    return named, select(nameless.cte("nameless").prefix_with("materialized"))


def event_filters(watched: Watched) -> list[ColumnElement[bool]]:
    """Return the conditions on events that the filters of a page make, but for its users."""
    found = [events.c.environment == watched.environment]
    found += [events.c.app == watched.app] if watched.app is not None else []
    return found + ([events.c.release == watched.release] if watched.release is not None else [])


def _figures(id_: UUID, watched: Watched, place: str) -> Select[Any]:
    there = [user_days.c.user_id == id_, user_days.c.environment == place]
    there += [user_days.c.app == watched.app] if watched.app is not None else []
    active_days = select(func.count(user_days.c.day.distinct())).where(*there).scalar_subquery()
    own = union_all(*own_events(id_, watched)).subquery("own")
    errors = func.count().filter(func.is_error(own.c.error_code, own.c.event_type))
    return select(
        active_days.label("active_days"), func.count().label("events"), errors.label("errors")
    ).select_from(own)
