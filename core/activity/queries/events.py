"""Lists of events, and errors by code."""

from collections.abc import Hashable, Sequence
from typing import Any

from sqlalchemy import RowMapping, select, text
from sqlalchemy.orm import Session

from core.activity.answers import DailyCount, ErrorGroup, ErrorSample, EventView
from core.activity.funnels.funnel import NEVER
from core.activity.funnels.question import SAMPLES, portion
from core.activity.models import FunnelEvent
from core.activity.queries.event_counts import count_by_day
from core.cache import memo
from core.database.paging import Cursor, Page, Window
from core.identity.permissions import Permission, require, without_contents
from core.identity.schemas import Actor, View
from core.presentation import shortened
from core.presentation.periods import Period, Watched
from core.presentation.words import NONE

SHOWN = 3  # samples of each code
CONTENTS = ("event_data", "error_message")  # of an event, what may hold words of users
PLAIN = ", ".join(f"page.{name}" for name in EventView.model_fields if name not in ("user", "event_data", "truncated"))
WHOLE, SHORTENED = "page.event_data", shortened.JSON.format(value="page.event_data", name="event_data")
ERROR = "_error"
COUNTED = ("event_type", "events", "errors")
# Exactly the words of an index, which holds all that is counted by.
IS_ERROR = "(error_code is not null or event_type like '%\\_error')"
# Rollups count those that carry a code; of the types that are errors by their name, every event is one.
ROLLED_ERRORS = "case when event_type like '%\\_error' then events else errors end"
ROUGHLY = f"""
select coalesce(sum({ROLLED_ERRORS}), 0)::bigint from event_rollups
where grain = 'day' and at >= :start and at < :end and environment = :environment"""  # noqa: S608  constants
# In two steps, the first of which several workers may share.
CODES = f"""
select error_code, array_agg(event_type order by event_type) as event_types, sum(count)::bigint as count, max(last_at) as last_at
from (
    select coalesce(error_code, '') as error_code, event_type, count(*) as count, max(created_at) as last_at
    from user_activity_events as event where {{conditions}} and {IS_ERROR} group by 1, 2
) as each group by error_code order by count desc, error_code"""  # noqa: S608  constants
# What a session did without a name is its user's. Whether a user succeeded later the marks say, where funnels know the type: of
# each type the latest are kept, and the one whole row has those of all apps. Of other types the raw rows say it: that is another
# statement, because to plan for them in each of many partitions takes as long as all the rest.
PEOPLE = f"""
with failed as materialized (
    select coalesce(error_code, '') as error_code, event_type, (date_part('epoch', created_at) * 1e6)::bigint as at,
        coalesce('u:' || user_id, owner, 's:' || session_id) as subject
    from (
        select error_code, event_type, created_at, user_id, session_id, environment, app
        from user_activity_events as event where {{conditions}} and {IS_ERROR}
            and (:most = {SAMPLES} or hashtext(coalesce(user_id::text, session_id)) & {SAMPLES - 1} < :most)
    ) as event
    left join funnel_parts as part on (part.part, part.environment, part.app)
        = (case when event.user_id is null then 's:' || event.session_id end, event.environment, event.app)
),
types as materialized (
    select event_type, row_number() over () as number, wanted, case when event_type like '%\\_error' then
        (select array_agg(code::bigint << 56) from funnel_events where funnel_events.event_type = any(wanted)) end as bases
    from (select distinct event_type from failed) as each cross join lateral (select case when event_type like '%\\_error'
        then array[left(event_type, -6) || '_complete', left(event_type, -6) || '_success'] else array[event_type] end as wanted
    ) as named
),
latest as (
    select error_code, subject, max(array[at, number]) as last
    from failed join types using (event_type) where subject is not null group by error_code, subject
)
select error_code, count(*) * {SAMPLES} / :most as users, count(*) filter (where case when bases is not null then exists (
        select from subjects where is_whole and subjects.subject = latest.subject and subjects.environment = :environment and (
            mark_after(marks, bases[1], last[1] + 1) < {NEVER} or mark_after(marks, bases[2], last[1] + 1) < {NEVER}))
    else {{in_raw_rows}} end) * {SAMPLES} / :most as later_successes
from latest join types on number = last[2] group by error_code"""  # noqa: S608  constants
IN_RAW_ROWS = """exists (
        select from user_activity_events as event
        where event.user_id = case when latest.subject like 'u:%' then substr(latest.subject, 3)::uuid end
            and event.environment = :environment and event.created_at > from_micros(last[1])
            and event.error_code is null and event.event_type = any(wanted))
    or exists (
        select from (
            select substr(latest.subject, 3) as session_id, null as app where latest.subject like 's:%'
            union all
            select substr(part, 3), app from funnel_parts
            where owner = latest.subject and environment = :environment and part like 's:%'
        ) as own
        join user_activity_events as event on event.session_id = own.session_id and event.app = coalesce(own.app, event.app)
        where event.user_id is null and event.environment = :environment and event.created_at > from_micros(last[1])
            and event.error_code is null and event.event_type = any(wanted))"""
SAMPLED = f"""
select event.*, users.external_id as "user" from unnest(cast(:codes as text[])) as wanted (code)
cross join lateral (
    select id as event_id, user_id, event_type, error_message, created_at, code from user_activity_events as event
    where {{conditions}} and coalesce(error_code, '') = code and {IS_ERROR}
    order by created_at desc, id limit :samples
) as event left join users on users.id = event.user_id order by event.created_at desc"""  # noqa: S608  constants


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
    whole: bool = False,
    actor: Actor,
) -> list[EventView]:
    """Return events, the newest first, from the one after a cursor; long `event_data` is cut, unless it is wanted whole."""
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
select {PLAIN}, {WHOLE if whole else SHORTENED}, users.external_id as "user" from page left join users on users.id = page.user_id
order by page.created_at desc, page.id desc""")  # noqa: S608  names of our own
    rows = session.execute(page, given).mappings()
    return [EventView.model_validate(without_contents(row, *CONTENTS, actor=actor)) for row in rows]


def list_errors(
    session: Session, wanted: EventFilter, period: Period, watched: Watched, *, window: Window, actor: Actor
) -> Page[ErrorGroup]:
    """Return errors by code, the most frequent first."""
    require(actor, Permission.WATCH)
    conditions = " and ".join([_in_period(watched), *_wanted(wanted)])
    given = {**_given(period, watched), **wanted.model_dump(), "samples": SHOWN}
    given["most"] = portion(session.scalar(text(ROUGHLY), given) or 0)
    key = (wanted, period, watched)

    def ask() -> Sequence[RowMapping]:
        return session.execute(text(CODES.format(conditions=conditions)), given).mappings().all()

    rows = memo.briefly(("codes", key), ask) if given["most"] < SAMPLES else ask()
    people = _people(session, _people_statement(session, rows, conditions), given, ("errors", key))
    total = sum(row["count"] for row in rows)
    page = rows[window.offset : window.offset + window.limit]
    given["codes"] = [row["error_code"] for row in page]
    samples: dict[str, list[ErrorSample]] = {code: [] for code in given["codes"]}
    for sample in session.execute(text(SAMPLED.format(conditions=conditions)), given).mappings():
        samples[sample["code"]].append(ErrorSample.model_validate(without_contents(sample, *CONTENTS, actor=actor)))
    groups = [
        ErrorGroup(
            **row,
            share=row["count"] / total,
            users=(users := people.get(row["error_code"], (0, 0)))[0],
            later_successes=users[1],
            later_share=users[1] / users[0] if users[0] else None,
            is_sampled=given["most"] < SAMPLES,
            samples=samples[row["error_code"]],
        )
        for row in page
    ]
    return Page(groups, len(rows))


def _people(session: Session, statement: str, given: dict[str, Any], key: Hashable) -> dict[str, tuple[int, int]]:
    """Return by code how many users met it, and how many of them succeeded later: of very many, estimated."""

    def ask() -> dict[str, tuple[int, int]]:
        return {row.error_code: (row.users, row.later_successes) for row in session.execute(text(statement), given)}

    return memo.kept(key, ask) if given["most"] < SAMPLES else ask()


def _people_statement(session: Session, rows: Sequence[RowMapping], conditions: str) -> str:
    known = set(session.scalars(select(FunnelEvent.event_type)))
    types = {each for row in rows for each in row["event_types"]}
    stems = {each.removesuffix(ERROR) for each in types if each.endswith(ERROR)}
    has_marks = len(stems) == len(types) and all(known & {f"{stem}_complete", f"{stem}_success"} for stem in stems)
    return PEOPLE.format(conditions=conditions, in_raw_rows="false" if has_marks else IN_RAW_ROWS)


def list_daily(session: Session, period: Period, watched: Watched, *, actor: Actor) -> list[DailyCount]:
    """Return events per day and type: from raw rows alone where a release or a user is wanted."""
    require(actor, Permission.WATCH)
    return [
        DailyCount(date=row["day"], **{name: row[name] for name in COUNTED}) for row in count_by_day(session, period, watched)
    ]


def _in_period(watched: Watched) -> str:
    conditions = ["event.created_at >= :start", "event.created_at < :end", "event.environment = :environment"]
    conditions += ["event.app = :app"] if watched.app is not None else []
    conditions += ["event.release = :release"] if watched.release is not None else []
    conditions += ["event.user_id = any(:keys)"] if watched.users is not None else []
    return " and ".join(conditions)


def _wanted(wanted: EventFilter) -> list[str]:
    columns = {"event_type": "event_type", "category": "event_category", "session_id": "session_id", "error_code": "error_code"}
    given = wanted.model_dump()
    conditions = [f"event.{column} = :{name}" for name, column in columns.items() if given[name] not in (None, NONE)]
    conditions += ["event.error_code is null"] if wanted.error_code == NONE else []
    return conditions + ([IS_ERROR] if wanted.only_errors else [])


def _given(period: Period, watched: Watched) -> dict[str, Any]:
    return {
        "start": period.start,
        "end": period.end,
        "environment": watched.environment,
        "app": watched.app,
        "release": watched.release,
        "keys": list(watched.users or ()),
    }
