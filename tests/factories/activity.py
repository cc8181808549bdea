"""Events of users, stored as programs' events are; and the funnel computed again by brute force."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from sqlalchemy import text

from core.activity.ingest import events as ingest
from core.activity.ingest import rollups
from core.activity.queries.funnels.funnel import Funnel, Step
from core.activity.schemas import NewEvent
from core.database import partitions
from core.database.db import retry_on_conflict, transaction
from core.ingest.rows import RowSource, key_of

START = datetime(2026, 11, 2, 9, tzinfo=UTC)
TABLES = (
    "user_activity_events",
    "users",
    "user_days",
    "user_day_count_deltas",
    "user_day_counts",
    "user_week_count_deltas",
    "user_week_counts",
    "event_deltas",
    "event_rollups",
    "pending_events",
    "funnel_parts",
    "subjects",
    "event_apps",
    "releases",
    "dimension_values",
)
KEPT = 16
Reached = list[datetime | None]


def event(event_type: str, at: datetime = START, **fields: Any) -> NewEvent:  # noqa: ANN401  any field
    """Return an event; without an ID, it is made from type and time."""
    given = {
        "id": f"{event_type} {at.isoformat()} {fields.get('user_id')} {fields.get('session_id')}",
        **fields,
    }
    return NewEvent(event_type=event_type, created_at=at, **given)


def minutes(count: float) -> datetime:
    """Return a time so many minutes after the start."""
    return START + timedelta(minutes=count)


def store(
    events: Iterable[NewEvent],
    *,
    environment: str = "production",
    zone: str = "UTC",
    defers: bool = False,
) -> int:
    """Store events in one transaction, and return how many were new; all that is derived from them
    is there, unless that `defers` to the worker.
    """
    wanted = list(events)
    partitions.create_for(
        "user_activity_events", (each.created_at for each in wanted if each.created_at is not None)
    )

    def commit() -> int:
        with transaction() as session:
            return ingest.store(session, wanted, RowSource(environment, zone, defers=defers))

    return retry_on_conflict(commit)


def store_at_once(batches: Sequence[Sequence[NewEvent]], *, writers: int) -> None:
    """Store batches, several concurrently."""
    partitions.create_for(
        "user_activity_events",
        [each.created_at for batch in batches for each in batch if each.created_at],
    )
    with ThreadPoolExecutor(writers) as pool:
        list(pool.map(store, batches))


def fold() -> None:
    """Fold the deltas into the rollups."""
    with transaction() as session:
        while rollups.fold(session, zone="UTC"):
            pass


def clear() -> None:
    """Empty the tables of events."""
    with transaction() as session:
        for table in TABLES:
            session.execute(text(f"delete from {table}"))


def derived() -> dict[str, list[tuple[Any, ...]]]:
    """Return all data derived from events, except for what depends on their arrival."""
    wanted = {
        "parts": (
            "select environment, app, part, owner, linked_at, linked_to, marks, is_cut from "
            "funnel_parts"
        ),
        "subjects": "select environment, app, subject, marks, is_cut, is_unsure, reached_1, "
        "reached_2, reached_3, reached_4, "
        "reached_5, reached_6, reached_7, reached_8 from subjects where app <> '*'",
        "everywhere": "select environment, subject, marks, is_cut, is_unsure, reached_1, "
        "reached_2, reached_3, reached_4, "
        "reached_5, reached_6, reached_7, reached_8 from subjects where is_whole",
        "users": "select id, external_id, first_seen_at, last_seen_at from users",
        "user_days": "select day, environment, app, user_id from user_days",
        "user_spans": "select user_id, environment, app, first_day, last_day from user_spans",
        "user_day_counts": "select environment, app, day, previous_day::text, sum(users)::bigint "
        "from ("
        "select environment, app, day, previous_day, users from user_day_counts union all "
        "select environment, app, day, previous_day, users from user_day_count_deltas"
        ") as counts group by 1, 2, 3, 4 having sum(users) <> 0",
        "user_week_counts": "select environment, app, first_week, week, sum(users)::bigint "
        "from ("
        "select environment, app, first_week, week, users from user_week_counts union all "
        "select environment, app, first_week, week, users from user_week_count_deltas"
        ") as counts group by 1, 2, 3, 4 having sum(users) <> 0",
        "rollups": "select grain, at, environment, app, event_type, release, events, errors "
        "from event_rollups",
    }
    with transaction() as session:
        return {
            name: sorted(tuple(row) for row in session.execute(text(sql)))
            for name, sql in wanted.items()
        }


def subject_of(events: Sequence[NewEvent], each: NewEvent) -> str | None:
    """Return the subject of an event: its user, or the user of the session's earliest
    named event.
    """
    if each.user_id is not None:
        return f"u:{key_of('user', each.user_id)}"
    if each.session_id is None:
        return None
    names = [
        (other.created_at, f"u:{key_of('user', other.user_id)}")
        for other in events
        if other.user_id is not None
        and _place(other) == _place(each)
        and other.session_id == each.session_id
    ]
    return min(names)[1] if names else f"s:{each.session_id}"


def journeys(
    events: Sequence[NewEvent], *, by_app: bool = False
) -> dict[Any, list[tuple[datetime, str]]]:
    """Return the events and times of each subject."""
    found: dict[Any, list[tuple[datetime, str]]] = defaultdict(list)
    for each in events:
        subject = subject_of(events, each)
        if subject is not None and each.created_at is not None:
            found[
                (each.environment or "production", each.app or "", subject) if by_app else subject
            ].append((each.created_at, each.event_type))
    return found


def reached(done: Sequence[tuple[datetime, str]], funnel: Funnel) -> Reached:
    """Return when each step was reached: the rule, without regard to speed."""
    return _in_any_order(done, funnel) if funnel.any_order else _in_order(done, funnel)


def _in_any_order(done: Sequence[tuple[datetime, str]], funnel: Funnel) -> Reached:
    steps = funnel.steps
    first = _earliest(
        done, steps[0], datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    )
    times: Reached = [first, *([None] * (len(steps) - 1))]
    if first is None:
        return times
    for number, step in enumerate(steps):
        if number:
            previous = times[max(each for each in range(number) if not steps[each].optional)]
            found = _earliest(done, step, first - funnel.window, first + funnel.window)
            times[number] = (
                max(previous, found) if previous is not None and found is not None else None
            )
    return times


def _in_order(done: Sequence[tuple[datetime, str]], funnel: Funnel) -> Reached:
    steps = funnel.steps
    times: Reached = [None] * len(steps)
    since, ends = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    for number, step in enumerate(steps):
        if step.optional:
            continue
        found = _earliest(done, step, since, ends)
        if found is None:
            break
        ends = ends if number else found + funnel.window
        times[number] = since = found
    last = -1
    for number, step in enumerate(steps):
        if not step.optional:
            if times[number] is None:
                break
            last = number
            continue
        following = next((time for time in times[number + 1 :] if time is not None), ends)
        times[number] = _earliest(done, step, times[last] or since, following)
        last = number if times[number] is not None else last
    return times


def _earliest(
    done: Sequence[tuple[datetime, str]], step: Step, since: datetime, until: datetime
) -> datetime | None:
    return min(
        (at for at, kind in done if kind in step.event_types and since <= at <= until), default=None
    )


def kept(times: Iterable[datetime]) -> list[datetime]:
    """Return the marks of one event type."""
    distinct = sorted(set(times))
    return distinct if len(distinct) <= 2 * KEPT else distinct[:KEPT] + distinct[-KEPT:]


def seconds(times: Sequence[Reached], steps: Sequence[Step], number: int) -> list[float]:
    """Return the seconds of each step since the required one before."""
    before = max(each for each in range(number) if not steps[each].optional)
    pairs = [(one[before], one[number]) for one in times]
    return [
        (late - early).total_seconds()
        for early, late in pairs
        if early is not None and late is not None
    ]


def _place(each: NewEvent) -> tuple[str | None, str | None]:
    return each.environment, each.app


def spaced(
    kinds: Sequence[str],
    *,
    user: str,
    start: datetime = START,
    gap: timedelta = timedelta(minutes=1),
) -> list[NewEvent]:
    """Return consecutive events of one user."""
    return [event(kind, start + number * gap, user_id=user) for number, kind in enumerate(kinds)]


__all__ = [
    "clear",
    "derived",
    "event",
    "fold",
    "journeys",
    "kept",
    "minutes",
    "pairwise",
    "reached",
    "seconds",
    "spaced",
    "store",
]
