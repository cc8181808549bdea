"""The journey of one user or anonymous session: all events in order."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from core.activity.answers import AnonymousJourney, Journey, JourneyStep, Moment
from core.activity.funnels.funnel import STEPS
from core.activity.funnels.progress import OnboardingProgress, gaps
from core.activity.queries import anonymous, user_lists
from core.activity.queries.events import CONTENTS
from core.database.paging import Cursor
from core.identity.permissions import Permission, require, without_contents
from core.identity.schemas import Actor
from core.presentation import shortened
from core.presentation.periods import Watched

MADE_HERE = ("seconds_since_previous", "is_error", "step", "event_data")
PLAIN = ", ".join(name for name in Moment.model_fields if name not in MADE_HERE)
COLUMNS = f"{PLAIN}, {shortened.JSON.format(value='event_data', name='event_data')}"
NAMELESS = """
select event.*, true as is_anonymous from user_activity_events as event
where session_id = :id and environment = :environment and event.user_id is null {filters}"""


def read_journey(
    session: Session, given: str, watched: Watched, *, limit: int, after: Cursor | None = None, actor: Actor
) -> Journey:
    """Return a user's journey from its beginning, or from the event after a cursor; raise UserMissing."""
    require(actor, Permission.WATCH)
    row, progress = user_lists.find_progress(session, given, watched)
    done = _read(session, _Asked(user_lists.OWN, row["id"], watched, limit, after), progress, actor)
    return Journey(user=user_lists.summarize(row, progress), **done)


def read_anonymous(
    session: Session, session_id: str, watched: Watched, *, limit: int, after: Cursor | None = None, actor: Actor
) -> AnonymousJourney:
    """Return the journey of a session without a user; raise SessionMissing."""
    require(actor, Permission.WATCH)
    summary, progress = anonymous.find_anonymous(session, session_id, watched)
    return AnonymousJourney(
        session=summary, **_read(session, _Asked(NAMELESS, session_id, watched, limit, after), progress, actor)
    )


@dataclass(frozen=True)
class _Asked:
    """Whose events are wanted, and from where on."""

    sql: str
    id: UUID | str
    watched: Watched
    limit: int
    after: Cursor | None

    @property
    def own(self) -> str:
        """Return the events as SQL."""
        app = " and event.app = :app" if self.watched.app is not None else ""
        release = " and event.release = :release" if self.watched.release is not None else ""
        return self.sql.format(filters=app + release)

    @property
    def given(self) -> dict[str, Any]:
        """Return the parameters."""
        watched = self.watched
        return {"id": self.id, "environment": watched.environment, "app": watched.app, "release": watched.release}


def _read(session: Session, asked: _Asked, progress: OnboardingProgress, actor: Actor) -> dict[str, Any]:
    events = [without_contents(row, *CONTENTS, actor=actor) for row in _list_events(session, asked)]
    last = events[-1] if len(events) == asked.limit else None
    times = zip(STEPS, progress.reached, gaps(progress.reached), strict=True)
    return {
        "status": progress.status,
        "why": progress.why,
        "steps": [
            JourneyStep(step=number, event_type=name, reached_at=at, seconds_from_previous=gap)
            for number, (name, at, gap) in enumerate(times, 1)
        ],
        "items": _moments(events, progress, asked.after.created_at if asked.after else None),
        "total_count": session.scalar(text(f"select count(*) from ({asked.own}) as own"), asked.given) or 0,  # noqa: S608
        "next_cursor": str(Cursor(last["created_at"], last["id"])) if last is not None else None,
    }


def _list_events(session: Session, asked: _Asked) -> list[dict[str, Any]]:
    since = "where (created_at, id) > (:after_at, :after_id)" if asked.after is not None else ""
    wanted = f"select {COLUMNS} from ({asked.own}) as own {since} order by created_at, id limit :limit"  # noqa: S608  our own
    position = {"after_at": asked.after.created_at, "after_id": asked.after.id} if asked.after is not None else {}
    found = session.execute(text(wanted), {**asked.given, **position, "limit": asked.limit})
    return [dict(row) for row in found.mappings()]


def _moments(events: list[dict[str, Any]], progress: OnboardingProgress, previous: datetime | None) -> list[Moment]:
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
