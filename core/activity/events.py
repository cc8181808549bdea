"""Events themselves: the newest, their errors by code, and how many there were a day."""

from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from core.activity.answers import DailyCount, ErrorGroup, ErrorSample, EventView
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor, View
from core.paging import Cursor, Page, Window
from core.periods import Period, Watched

SAMPLES = 3
ERRORS = """
with failed as (
    select id, user_id, event_type, coalesce(error_code, '') as error_code, error_message, created_at,
        row_number() over (partition by coalesce(error_code, '') order by created_at desc, id) as recency
    from user_activity_events as event where {conditions} and (error_code is not null or event_type like '%\\_error')
),
met as (
    select distinct on (error_code, user_id) error_code, user_id, event_type, created_at
    from failed where user_id is not null order by error_code, user_id, created_at desc
),
people as (
    select error_code, count(*) as users, count(*) filter (where exists (
        select from user_activity_events as event
        where event.user_id = met.user_id and event.environment = :environment and event.created_at > met.created_at
            and event.error_code is null and event.event_type = any(case when met.event_type like '%\\_error'
                then array[left(met.event_type, -6) || '_complete', left(met.event_type, -6) || '_success']
                else array[met.event_type] end)
    )) as later_successes
    from met group by error_code
)
select error_code, array_agg(distinct event_type order by event_type) as event_types, count(*) as count,
    coalesce(min(people.users), 0) as users, coalesce(min(later_successes), 0) as later_successes, max(created_at) as last_at
from failed left join people using (error_code) group by error_code order by count(*) desc, error_code"""
SAMPLED = """
select event.*, users.external_id as "user" from unnest(cast(:codes as text[])) as wanted (code)
cross join lateral (
    select id as event_id, user_id, event_type, error_message, created_at, code from user_activity_events as event
    where {conditions} and coalesce(error_code, '') = code and (error_code is not null or event_type like '%\\_error')
    order by created_at desc, id limit :samples
) as event left join users on users.id = event.user_id order by event.created_at desc"""
DAILY_ROLLED = """
select day, event_type, sum(events)::bigint as events, sum(errors)::bigint as errors
from (
    select cast(at at time zone :zone as date) as day, event_type, events, errors, environment, app
    from event_rollups where grain = 'half_hour' and at >= :start and at < :end
    union all
    select cast(at at time zone :zone as date), event_type, events, errors, environment, app
    from event_deltas where at >= :start and at < :end
) as counted where environment = :environment and (cast(:app as text) is null or app = :app)
group by day, event_type order by day, event_type"""
DAILY_RAW = """
select cast(created_at at time zone :zone as date) as day, event_type, count(*) as events,
    count(*) filter (where error_code is not null) as errors
from user_activity_events as event where {conditions} group by 1, 2 order by 1, 2"""


class EventFilter(View):
    """Which events are wanted."""

    event_type: str | None = None
    category: str | None = None
    session_id: str | None = None
    error_code: str | None = None
    only_errors: bool = False


def list_events(
    session: Session,
    wanted: EventFilter,
    period: Period,
    watched: Watched,
    *,
    limit: int,
    after: Cursor | None = None,
    actor: Actor,
) -> list[EventView]:
    """Return events, the newest first, from the one after a cursor."""
    require(actor, Permission.WATCH)
    given = {**_given(period, watched), **wanted.model_dump(), "limit": limit}
    conditions = [_in_period(watched), *_wanted(wanted)]
    if after is not None:
        conditions.append("(event.created_at, event.id) < (:after_at, :after_id)")
        given |= {"after_at": after.created_at, "after_id": after.id}
    page = text(f"""
with page as (
    select * from user_activity_events as event where {" and ".join(conditions)} order by created_at desc, id desc limit :limit
)
select page.*, users.external_id as "user" from page left join users on users.id = page.user_id
order by page.created_at desc, page.id desc""")  # noqa: S608  names of our own
    return [EventView.model_validate(dict(row)) for row in session.execute(page, given).mappings()]


def list_errors(
    session: Session, wanted: EventFilter, period: Period, watched: Watched, *, window: Window, actor: Actor
) -> Page[ErrorGroup]:
    """Return errors by code, the most frequent first."""
    require(actor, Permission.WATCH)
    conditions = " and ".join([_in_period(watched), *_wanted(wanted)])
    given = {**_given(period, watched), **wanted.model_dump(), "samples": SAMPLES}
    rows = session.execute(text(ERRORS.format(conditions=conditions)), given).mappings().all()
    total = sum(row["count"] for row in rows)
    page = rows[window.offset : window.offset + window.limit]
    given["codes"] = [row["error_code"] for row in page]
    samples: dict[str, list[ErrorSample]] = {code: [] for code in given["codes"]}
    for sample in session.execute(text(SAMPLED.format(conditions=conditions)), given).mappings():
        samples[sample["code"]].append(ErrorSample.model_validate(dict(sample)))
    groups = [
        ErrorGroup(
            **row,
            share=row["count"] / total,
            later_share=row["later_successes"] / row["users"] if row["users"] else None,
            samples=samples[row["error_code"]],
        )
        for row in page
    ]
    return Page(groups, len(rows))


def list_daily(session: Session, period: Period, watched: Watched, *, actor: Actor) -> list[DailyCount]:
    """Return events per day and type: from the rollups and what waits to be folded, unless a release or a user is wanted."""
    require(actor, Permission.WATCH)
    is_rolled = watched.release is None and watched.users is None and _is_of_half_hours(period)
    question = DAILY_ROLLED if is_rolled else DAILY_RAW.format(conditions=_in_period(watched))
    rows = session.execute(text(question), {**_given(period, watched), "zone": period.zone})
    return [DailyCount(date=row.day, event_type=row.event_type, events=row.events, errors=row.errors) for row in rows]


def _is_of_half_hours(period: Period) -> bool:
    return all(edge.minute % 30 == edge.second == edge.microsecond == 0 for edge in (period.start, period.end))


def _in_period(watched: Watched) -> str:
    conditions = ["event.created_at >= :start", "event.created_at < :end", "event.environment = :environment"]
    conditions += ["event.app = :app"] if watched.app is not None else []
    conditions += ["event.release = :release"] if watched.release is not None else []
    conditions += ["event.user_id = any(:keys)"] if watched.users is not None else []
    return " and ".join(conditions)


def _wanted(wanted: EventFilter) -> list[str]:
    columns = {"event_type": "event_type", "category": "event_category", "session_id": "session_id", "error_code": "error_code"}
    given = wanted.model_dump()
    conditions = [f"event.{column} = :{name}" for name, column in columns.items() if given[name] is not None]
    return conditions + (["event.error_code is not null"] if wanted.only_errors else [])


def _given(period: Period, watched: Watched) -> dict[str, Any]:
    return {
        "start": period.start,
        "end": period.end,
        "environment": watched.environment,
        "app": watched.app,
        "release": watched.release,
        "keys": list(watched.users or ()),
    }
