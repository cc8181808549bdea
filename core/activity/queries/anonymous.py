"""Anonymous sessions: subjects of the funnel until one of their events names a user.

Those that did nothing of onboarding are none: they can neither come through nor drop out.
"""

from typing import Any

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from core.activity.answers import AnonymousSummary, OnboardingStatus
from core.activity.errors import AnonymousSessionMissing
from core.activity.funnels import progress, subject_rows
from core.activity.funnels import question as asking
from core.activity.funnels.funnel import STEPS
from core.activity.funnels.progress import OnboardingProgress
from core.activity.queries.events import IS_ERROR
from core.activity.queries.user_lists import COMPLETED, COUNT, DROPPED, STATUS, STEP, UserFilter, escaped
from core.database.paging import Page, Window
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.platform import clock
from core.presentation.periods import Watched

# Its last sign of life is the last event of onboarding that is kept of it; what else it did is looked up for the page alone.
REACHED = ", ".join(f"reached_{number + 1}" for number in range(COUNT))
STATES = f"""
select subject, app, {REACHED}, {STATUS} as status, {STEP} as step
from (
    select *, (select from_micros(max(mark & ((1::bigint << 56) - 1))) from unnest(marks) as mark) as last_seen_at
    from subjects where environment = :environment and app = {{place}} and subject like 's:%'
) as seen where true"""  # noqa: S608  names of our own
# The same as STATUS, as conditions that follow an index.
OPEN = f"reached_{COUNT} is null and not coalesce({DROPPED}, false)"
OF_STATUS = {
    OnboardingStatus.COMPLETED: COMPLETED,
    OnboardingStatus.DROPPED: DROPPED,
    OnboardingStatus.STUCK: f"{OPEN} and last_seen_at < :idle_since",
    OnboardingStatus.IN_PROGRESS: f"{OPEN} and not coalesce(last_seen_at < :idle_since, false)",
}
# Of the raw rows: in one statement with the page, a page of two hundred would else ask two hundred times.
DONE = f"""
select min(created_at) as first_seen_at, max(created_at) as last_seen_at, count(*) as events,
    count(*) filter (where {IS_ERROR}) as errors
from user_activity_events
where session_id = {{session_id}} and user_id is null and environment = :environment and app = any({{apps}})"""  # noqa: S608  a constant
COUNTED = ("first_seen_at", "last_seen_at", "events", "errors")
DONE_OF_ONE = text(DONE.format(session_id=":session_id", apps=":apps"))
# Of each app those who have begun, the latest first; then the others. Each part follows an index.
PAGE = f"""
select * from (
    select shown.* from unnest(cast(:apps as text[])) as places (place) cross join lateral (
        (select * from ({{states}} and reached_1 is not null order by reached_1 desc, subject desc {{reach}}) as begun)
        union all
        (select * from ({{states}} and reached_1 is null order by reached_1 desc, subject desc {{reach}}) as others)
    ) as shown order by reached_1 desc nulls last, subject desc limit :limit offset :offset
) as page cross join lateral ({DONE.format(session_id="substr(page.subject, 3)", apps="array[page.app]")}) as done
order by reached_1 desc nulls last, subject desc"""  # noqa: S608  names of our own
APPS = text("""
select array_agg(app order by app) from subjects where subject = :subject and environment = :environment and app <> '*'
    and (cast(:app as text) is null or app = :app)""")


def list_anonymous(
    session: Session, wanted: UserFilter, watched: Watched, *, window: Window, actor: Actor, count: bool = True
) -> Page[AnonymousSummary]:
    """Return sessions without a user with how far they are, the one that began onboarding last first."""
    require(actor, Permission.WATCH)
    given = _given(session, wanted, watched)
    states = _states(wanted)
    rows = PAGE.format(states=states.format(place="place"), reach="limit :limit + :offset")
    found = session.execute(text(rows), {**given, "limit": window.limit, "offset": window.offset}).mappings()
    items = [_summary(row) for row in found]
    question = text(f"select count(*) from ({states.format(place='any(:apps)')}) as counted")  # noqa: S608  names of our own
    key = ("anonymous", wanted, watched)
    total = asking.counted(session, key, lambda: session.scalar(question, given) or 0) if count else 0
    return Page(items, total)


def find_anonymous(session: Session, session_id: str, watched: Watched) -> tuple[AnonymousSummary, OnboardingProgress]:
    """Return a session without a user, and how far it is; raise SessionMissing."""
    subject = f"s:{session_id}"
    apps = session.scalar(APPS, {"subject": subject, "environment": watched.environment, "app": watched.app})
    if not apps:
        raise AnonymousSessionMissing
    given = {"session_id": session_id, "environment": watched.environment, "apps": apps}
    done = session.execute(DONE_OF_ONE, given).mappings().one()
    if done["first_seen_at"] is None:
        raise AnonymousSessionMissing
    found = progress.read_progress(session, subject, done["last_seen_at"], watched)
    return _view(session_id, ", ".join(filter(None, apps)), done, found.status, found.step), found


def _states(wanted: UserFilter) -> str:
    states = STATES
    if wanted.q is not None:
        states += " and subject ilike :part"
    if wanted.status is not None:
        states += f" and {OF_STATUS[wanted.status]}"
    return states + (f" and {STEP} = :step" if wanted.step is not None else "")


def _given(session: Session, wanted: UserFilter, watched: Watched) -> dict[str, Any]:
    now = clock.now()
    return subject_rows.places(session, watched) | {
        "part": f"s:%{escaped(wanted.q)}%",
        "now": now,
        "idle_since": now - progress.stuck_after(session),
        "step": wanted.step,
    }


def _summary(row: RowMapping) -> AnonymousSummary:
    return _view(row["subject"].removeprefix("s:"), row["app"], row, OnboardingStatus(row["status"]), row["step"])


def _view(session_id: str, app: str, done: RowMapping, status: OnboardingStatus, step: int) -> AnonymousSummary:
    name, counted = STEPS[step - 1] if step else None, {each: done[each] for each in COUNTED}
    return AnonymousSummary(session_id=session_id, app=app, **counted, status=status, step=step, step_event_type=name)
