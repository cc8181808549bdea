"""Anonymous sessions: subjects of the funnel until one of their events names a user.

Those that did nothing of onboarding are none: they can neither come through nor drop out.
"""

from collections.abc import Sequence

from sqlalchemy import ARRAY, RowMapping, Text, func, literal, select
from sqlalchemy.orm import Session

from core.activity.errors import AnonymousSessionMissing
from core.activity.queries.anonymous_query import (
    DONE,
    AnonymousQuery,
    session_counts,
    sorts,
    subjects,
)
from core.activity.queries.engagement import user_conditions
from core.activity.queries.funnels import onboarding_progress, subject_rows
from core.activity.queries.funnels.onboarding_progress import OnboardingProgress
from core.activity.queries.funnels.workspace_funnel import read_workspace_funnel
from core.activity.queries.onboarding_status import Deadlines
from core.activity.queries.releases import release_place
from core.activity.queries.user_filter import UserFilter
from core.activity.schemas import ALL_APPS
from core.activity.views import AnonymousSummary, OnboardingStatus
from core.cache.large_workspaces import cached_if_large
from core.database.paging import CursorRefused, SortCursor, SortedPage, Window
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.presentation.periods import Watched


def list_anonymous(
    session: Session,
    filters: UserFilter,
    watched: Watched,
    *,
    window: Window,
    after: SortCursor | None = None,
    actor: Actor,
    count: bool = True,
) -> SortedPage[AnonymousSummary]:
    """Return sessions without a user, with their onboarding status, latest start first."""
    require(actor, Permission.WATCH)
    apps = subject_rows.parameters_of(session, watched)["apps"]
    place = release_place(session, watched)
    asked = AnonymousQuery(filters, watched, apps, Deadlines.now(session), place)
    given = user_conditions.parameters(session, filters, watched)
    names = ("", *read_workspace_funnel(session).names)
    rows = session.execute(asked.page(window, after), given).mappings().all()
    items = [
        _view(
            row["session_id"], row["app"], row, OnboardingStatus(row["status"]), row["step"], names
        )
        for row in rows
    ]
    key = ("anonymous", filters, watched)
    total = (
        cached_if_large(session, key, lambda: int(session.scalar(asked.count(), given) or 0))
        if count
        else 0
    )
    return window.sorted_page(items, total, _next_cursor(rows, window))


def read_cursor(given: str) -> SortCursor:
    """Parse a cursor of this list; raise CursorRefused."""
    begun, idle = sorts(subjects.c)
    try:
        return begun.read_cursor(given)
    except CursorRefused:
        return idle.read_cursor(given)


def find_anonymous(
    session: Session, session_id: str, watched: Watched
) -> tuple[AnonymousSummary, OnboardingProgress]:
    """Return a session without a user, and how far it is; raise AnonymousSessionMissing."""
    subject = func.session_subject(session_id)
    wanted = [
        subjects.c.subject == subject,
        subjects.c.environment == watched.environment,
        # Rows by release are in another partition, twice as large
        ~subjects.c.of_release,
        subjects.c.app != ALL_APPS,
    ]
    wanted += [subjects.c.app == watched.app] if watched.app is not None else []
    apps = session.scalars(select(subjects.c.app).where(*wanted).order_by(subjects.c.app)).all()
    done = (
        session.execute(session_counts(literal(session_id), literal(apps, ARRAY(Text)), watched))
        .mappings()
        .one()
    )
    if not apps or done["first_seen_at"] is None:
        raise AnonymousSessionMissing
    found = onboarding_progress.read_progress(
        session, done["last_seen_at"], watched, session_id=session_id
    )
    names = ("", *(step.name for step in found.funnel.steps))
    app = ", ".join(filter(None, apps))
    return _view(session_id, app, done, found.status, found.step, names), found


def _next_cursor(rows: Sequence[RowMapping], window: Window) -> str | None:
    if len(rows) < window.limit:
        return None
    begun, idle = sorts(subjects.c)
    began, *own = (rows[-1][name] for name in ("reached_1", "subject", "app"))
    return idle.written(own) if began is None else begun.written([began, *own])


def _view(
    session_id: str,
    app: str,
    done: RowMapping,
    status: OnboardingStatus,
    step: int,
    names: Sequence[str],
) -> AnonymousSummary:
    name, counted = names[step] or None, {each: done[each] for each in DONE}
    return AnonymousSummary(
        session_id=session_id, app=app, **counted, status=status, step=step, step_event_type=name
    )
