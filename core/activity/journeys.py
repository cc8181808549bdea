"""What one user did, in order: under his name, and without one in the sessions that are his."""

from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from core.activity import queries
from core.activity.answers import Journey, JourneyStep, Moment
from core.activity.funnel import STEPS
from core.activity.progress import Progress, gaps
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.paging import Cursor
from core.periods import Watched

OWN = """
select event.*, false as is_anonymous from user_activity_events as event
where user_id = :id and environment = :environment {filters}
union all
select event.*, true as is_anonymous from funnel_parts as part
join user_activity_events as event on event.session_id = substr(part.part, 3)
    and (event.environment, event.app) = (part.environment, part.app)
where part.owner = 'u:' || :id and part.environment = :environment and part.part like 's:%' and event.user_id is null {filters}"""


def read_journey(
    session: Session, given: str, watched: Watched, *, limit: int, after: Cursor | None = None, actor: Actor
) -> Journey:
    """Return a user's journey from its beginning, or from the event after a cursor; raise UserMissing."""
    require(actor, Permission.WATCH)
    row, progress = queries.find_progress(session, given, watched)
    events = _list_events(session, row, watched, limit=limit, after=after)
    last = events[-1] if len(events) == limit else None
    return Journey(
        user=queries.summarize(row, progress),
        why=progress.why,
        steps=[
            JourneyStep(step=number, event_type=name, reached_at=at, seconds_from_previous=gap)
            for number, (name, at, gap) in enumerate(zip(STEPS, progress.reached, gaps(progress.reached), strict=True), 1)
        ],
        items=_moments(events, progress, after.created_at if after else None),
        total_count=_count_events(session, row, watched),
        next_cursor=str(Cursor(last["created_at"], last["id"])) if last is not None else None,
    )


def _list_events(
    session: Session, user: RowMapping, watched: Watched, *, limit: int, after: Cursor | None
) -> list[dict[str, Any]]:
    since = "where (created_at, id) > (:after_at, :after_id)" if after is not None else ""
    wanted = f"select * from ({_own(watched)}) as own {since} order by created_at, id limit :limit"  # noqa: S608  our own
    position = {"after_at": after.created_at, "after_id": after.id} if after is not None else {}
    found = session.execute(text(wanted), {**_given(user, watched), **position, "limit": limit})
    return [dict(row) for row in found.mappings()]


def _count_events(session: Session, user: RowMapping, watched: Watched) -> int:
    counted = session.scalar(text(f"select count(*) from ({_own(watched)}) as own"), _given(user, watched))  # noqa: S608
    return counted or 0


def _own(watched: Watched) -> str:
    app = " and event.app = :app" if watched.app is not None else ""
    release = " and event.release = :release" if watched.release is not None else ""
    return OWN.format(filters=app + release)


def _given(user: RowMapping, watched: Watched) -> dict[str, Any]:
    facts = {"environment": watched.environment, "app": watched.app, "release": watched.release}
    return {"id": user["id"], **facts}


def _moments(events: list[dict[str, Any]], progress: Progress, previous: datetime | None) -> list[Moment]:
    waiting = {(name, at): number for number, (name, at) in enumerate(zip(STEPS, progress.reached, strict=True), 1)}
    moments = []
    for row in events:
        at = row["created_at"]
        moments.append(
            Moment(
                **{name: row[name] for name in Moment.model_fields if name in row},
                seconds_since_previous=(at - previous).total_seconds() if previous is not None else None,
                is_error=row["error_code"] is not None or row["event_type"].endswith("_error"),
                step=waiting.pop((row["event_type"], at), None),
            )
        )
        previous = at
    return moments
