"""Users who stopped at a funnel step, with their last error and conversation."""

from collections.abc import Hashable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from core.activity.errors import FunnelRefused
from core.activity.funnels import question as asking
from core.activity.funnels import subject_rows
from core.activity.funnels.funnel import SAVED, Funnel
from core.activity.funnels.question import FunnelQuestion
from core.activity.funnels.segments import Segment
from core.cache import memo
from core.database.paging import Page, Window
from core.identity.permissions import Permission, require, without_contents
from core.identity.schemas import Actor, View
from core.presentation.periods import Period, Watched

FAILED = """
environment = :environment and (error_code is not null or event_type like '%\\_error') order by created_at desc limit 1"""
SHOWN = "event_type, error_code, error_message, created_at"
NAMES = """
with {apart} select * from ({first} union all {rest}) as stopped
order by began_at desc, subject limit :limit offset :offset"""
QUESTION = f"""
select page.subject, began_at, reached_at, users.id as user_id, external_id, email, display_name,
    coalesce(users.last_seen_at, reached_at) as last_seen_at, failed.event_type as error_event_type, failed.error_code,
    failed.error_message, failed.created_at as error_at, talk.id as conversation_id, talk.last_message_at as conversation_at
from unnest(cast(:subjects as text[]), cast(:began as timestamptz[]), cast(:reached as timestamptz[]))
    as page (subject, began_at, reached_at)
left join users on users.id = case when page.subject like 'u:%' then substr(page.subject, 3)::uuid end
left join lateral (
    select * from (
        (select {SHOWN} from user_activity_events where user_id = users.id and {FAILED})
        union all
        (select {SHOWN} from (
            select event.* from funnel_parts as part join user_activity_events as event
                on event.session_id = substr(part.part, 3) and (event.environment, event.app) = (part.environment, part.app)
            where part.owner = page.subject and part.environment = :environment and part.part like 's:%' and event.user_id is null
        ) as nameless where {FAILED})
    ) as either order by created_at desc limit 1
) as failed on true
left join lateral (
    select id, last_message_at from conversations
    where conversations.user_id = users.id and environment = :environment order by last_message_at desc limit 1
) as talk on true
order by began_at desc, page.subject"""  # noqa: S608  constants
COUNTED = "with {apart} select (select count(*) from ({plain}) as plain) + (select count(*) from ({rest}) as rest)"


class StoppedUser(View):
    """Somebody who reached a step, and no required one after it. Without a user's name it is a session, `session_id`."""

    user_id: UUID | None
    user: str | None
    email: str | None
    display_name: str | None
    session_id: str | None
    began_at: datetime
    reached_at: datetime
    last_seen_at: datetime
    error_event_type: str | None
    error_code: str | None
    error_message: str | None
    error_at: datetime | None
    conversation_id: UUID | None
    conversation_at: datetime | None


def list_stopped(
    session: Session,
    period: Period,
    watched: Watched,
    funnel: Funnel = SAVED,
    segment: Segment | None = None,
    step: int = 1,
    window: Window | None = None,
    *,
    actor: Actor,
    count: bool = True,
) -> Page[StoppedUser]:
    """Return who stopped at a step, counted from 1, who began last first; of the last step, who came through.

    Raises FunnelRefused.
    """
    require(actor, Permission.WATCH)
    if not 1 <= step <= len(funnel.steps):
        raise FunnelRefused(f"step must be a number from 1 to {len(funnel.steps)}.")
    window = window or Window()
    asked = asking.ask(session, funnel, period, watched, segment)
    given = asked.given | {"since": period.start, "since_us": asked.given["start_us"]}
    parts = {"apart": asked.found.apart, **_rows(asked, step)}
    key = ("stopped", period, watched, funnel, segment, step)
    names = _names(session, (*key, window), NAMES.format(**parts), given | {"limit": window.limit, "offset": window.offset})
    subjects, began, reached = zip(*names, strict=True) if names else ((), (), ())
    page = {"environment": watched.environment, "subjects": list(subjects), "began": list(began), "reached": list(reached)}
    rows = session.execute(text(QUESTION), page).mappings()
    question = text(COUNTED.format(**parts))
    total = asking.counted(session, key, lambda: session.scalar(question, given) or 0) if count else 0
    return Page([_stopped(without_contents(row, "error_message", actor=actor)) for row in rows], total)


def _names(session: Session, key: Hashable, question: str, given: dict[str, Any]) -> list[tuple[str, datetime, datetime]]:
    """Return who is on a page, when they began and when they reached the step; of a funnel that is not saved this is slow."""
    return memo.ordered(key, lambda: [tuple(row) for row in session.execute(text(question), given)])


def _rows(asked: FunnelQuestion, step: int) -> dict[str, str]:
    """Return the selects of those who reached the step and not the next required one: `plain` to be counted, `first` as many as
    a page needs, and the `rest`.
    """
    steps, rule = asked.funnel.steps, asked.rule
    following = next((number for number in range(step, len(steps)) if not steps[number].optional), None)
    timed = rule.is_reached(step - 1) + (f" and not ({rule.is_reached(following)})" if following is not None else "")
    chosen = f"subject, from_micros(at_1) as began_at, from_micros(at_{step}) as reached_at"
    rest = f"select {chosen} from rest where {timed}"  # noqa: S608  our own
    if not asked.is_kept:
        plain = f"select {chosen} from {asked.found.plain} and {timed}"  # noqa: S608  our own
        return {"plain": plain, "first": plain, "rest": rest}
    kept = f"reached_{step} is not null" + (f" and reached_{following + 1} is null" if following is not None else "")
    rows = f"{asked.found.plain} and {kept}"
    plain = f"select subject, reached_1 as began_at, reached_{step} as reached_at from {rows}"  # noqa: S608  our own
    # The index knows when those of a page began, but no names: only they are looked up.
    newest = subject_rows.by_place(f"select reached_1 from {rows}", "order by reached_1 desc", "limit :limit + :offset")  # noqa: S608  our own
    first = f"{plain} and reached_1 = any(array({newest}))"
    return {"plain": f"select 1 from {rows}", "first": first, "rest": rest}  # noqa: S608  our own


def _stopped(row: dict[str, Any]) -> StoppedUser:
    subject = row.pop("subject")
    return StoppedUser(user=row.pop("external_id"), session_id=subject[2:] if subject.startswith("s:") else None, **row)
