"""Who goes through a funnel, as SQL: `subjects` as they are, and apart from them those whose list of marks was cut where it could
matter, for whom the raw rows are looked up. Parameters: environment, app, apps, places, and subjects where only some are wanted.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.activity.funnels.funnel import NEVER, ONBOARDING_CODES, FunnelRule
from core.activity.models import EventApp
from core.activity.schemas import ALL_APPS
from core.presentation.periods import Watched

# One row for each subject, of one app or of all: an index for each, of which the one begins where the other ends.
IN_ANY_PLACE, IN_PLACE = "app = any(:places)", "app = place"
OF_ALL = f"subjects where environment = :environment and {IN_ANY_PLACE} and is_whole"
OF_ONE = """(
    select * from subjects where is_whole union all select * from subjects where not is_whole
) as subjects where environment = :environment and app = :app"""

RAW = """
    select mark_of(code, created_at) from user_activity_events as event join funnel_events using (event_type)
    where user_id = case when apart.subject like 'u:%' then substr(apart.subject, 3)::uuid end and environment = :environment
        and app = any(:apps)
        and created_at between from_micros({begins}) and from_micros({ends})
    union
    select mark_of(code, created_at) from funnel_parts as part
    join user_activity_events as event on event.session_id = substr(part.part, 3) and (event.environment, event.app)
        = (part.environment, part.app) join funnel_events using (event_type)
    where part.owner = apart.subject and part.environment = :environment and part.app = any(:apps) and part.part like 's:%'
        and event.user_id is null
        and created_at between from_micros({begins}) and from_micros({ends})"""

OF_RELEASE = """
select subject, (hashtext(subject) & 1023)::smallint as sample, array_agg(distinct mark order by mark) as marks
from (
    select coalesce(owner, named.part) as subject, mark
    from (
        select case when user_id is not null then 'u:' || user_id else 's:' || session_id end as part, environment, app,
            mark_of(code, created_at) as mark
        from user_activity_events join funnel_events using (event_type)
        where environment = :environment and app = any(:apps) and release = :release
            and (user_id is not null or session_id is not null)
    ) as named left join funnel_parts using (part, environment, app)
) as owned where {among} group by subject"""


@dataclass(frozen=True)
class Sources:
    """The rows that a funnel counts. `plain` are most of them; `apart`, as much of a WITH clause, makes the table `rest`, which
    holds the others.

    All have `subject`, `sample` and the times `at_1`, ...; but the saved funnel's plain ones `reached_1`, ...: `plain` are those
    of the period and `past` those of the period before.
    """

    apart: str
    plain: str
    past: str | None = None


def of(watched: Watched) -> str:
    """Return the rows of subjects that count, as much of a FROM and a WHERE clause."""
    return OF_ALL if watched.app is None else OF_ONE


def by_place(rows: str, order: str, limit: str) -> str:
    """Return the first of some rows in an order: those of each app follow its index, and so few are put in order.

    `rows` are a select of what of() has begun.
    """
    each = f"{rows.replace(IN_ANY_PLACE, IN_PLACE)} {order} {limit}"
    all_of_them = f"unnest(cast(:places as text[])) as places (place) cross join lateral ({each}) as first"
    return f"select first.* from {all_of_them} {order} {limit}"  # noqa: S608  names of our own


def places(session: Session, watched: Watched) -> dict[str, Any]:
    """Return the parameters that say which apps count."""
    wanted = select(EventApp.app).where(EventApp.environment == watched.environment)
    apps = [watched.app] if watched.app is not None else sorted(session.scalars(wanted))
    return {
        "environment": watched.environment,
        "app": watched.app,
        "apps": apps,
        "places": apps if len(apps) <= 1 else [*apps, ALL_APPS],
    }


def saved(rule: FunnelRule, rows: str) -> Sources:
    """Return the sources of the saved funnel: `subjects` knows when most of them reached its steps."""
    unsure = f"select subject, sample, marks, is_cut from {rows} and is_unsure"  # noqa: S608  names of our own
    return Sources(
        _apart(rule, rule.over(unsure), "true", "select subject, sample, marks from exact"),
        plain=f"{rows} and not is_unsure and reached_1 >= :start and reached_1 < :until",
        past=f"{rows} and not is_unsure and reached_1 >= :since and reached_1 < :start",
    )


def of_marks(rule: FunnelRule, rows: str) -> Sources:
    """Return the sources of any other funnel: the lists of marks."""
    # Whoever begins where the saved funnel begins does so at the same time, which has an index.
    begun = "reached_1 >= :since and reached_1 < :until" if rule.steps[0] == ONBOARDING_CODES[0] else "true"
    uncut = f"select subject, sample, marks from {rows} and not is_cut and {begun}"  # noqa: S608  names of our own
    cut = f"select subject, sample, marks, is_cut from {rows} and is_cut"  # noqa: S608  names of our own
    rest = f"""
select subject, sample, marks from exact
union all
select subject, sample, marks from ({cut}) as cut where subject not in (select subject from exact)"""  # noqa: S608
    return Sources(
        _apart(rule, rule.over(cut), rule.is_unsure(), rest),
        plain=f"({rule.over(uncut, _in_time())}) as timed where {_in_time()}",
    )


def of_release(rule: FunnelRule, *, among: str) -> Sources:
    """Return the sources of a funnel within one release, which only raw rows know."""
    none = rule.over("select null::text as subject, null::smallint as sample, null::bigint[] as marks where false")
    timed = rule.over(OF_RELEASE.format(among=among), _in_time())
    return Sources(f"rest as ({none})", plain=f"({timed}) as timed where {_in_time()}")


def _apart(rule: FunnelRule, timed: str, condition: str, rest: str) -> str:
    """Return the clauses that make `rest`: of those who fit the condition, the raw rows join the marks."""
    raw = RAW.format(begins=rule.begins, ends=rule.ends)
    return f"""
exact as materialized (
    select subject, sample, array(select mark from unnest(apart.marks) as mark union {raw} order by 1) as marks
    from ({timed}) as apart where {_in_time()} and {condition}
),
rest as (select * from ({rule.over(rest, _in_time())}) as timed where {_in_time()})"""  # noqa: S608  names of our own


def _in_time() -> str:
    """The first step is never in doubt: the earliest mark is always kept."""
    return f"at_1 >= :since_us and at_1 < least(:until_us, {NEVER})"
