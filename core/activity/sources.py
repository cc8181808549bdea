"""Who goes through a funnel, as SQL: `subjects` as they are, and apart from them those for whom more must be asked.

That is one user in several apps, whose marks are joined, and one whose list of marks was cut where it could matter, for whom the
raw rows are looked up. Parameters: environment, apps, and subjects where only some are wanted.
"""

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

from core.activity.funnel import NEVER, ONBOARDING_CODES, Rule
from core.periods import Watched

# One probe of the index an app.
APPS = text("""
with recursive each as (
    select min(app) as app from subjects where environment = :environment and not is_unsure
    union all
    select (select min(app) from subjects where environment = :environment and app > each.app and not is_unsure)
    from each where app is not null
)
select app from each where app is not null
union
select app from subjects where environment = :environment and is_unsure""")

RAW = """
    select mark_of(code, created_at) from user_activity_events as event join funnel_events using (event_type)
    where user_id = case when apart.subject like 'u:%' then substr(apart.subject, 3)::uuid end and environment = :environment
        and app = any(apart.apps)
        and created_at between from_micros({begins}) and from_micros({ends})
    union
    select mark_of(code, created_at) from funnel_parts as part
    join user_activity_events as event on event.session_id = substr(part.part, 3) and (event.environment, event.app)
        = (part.environment, part.app) join funnel_events using (event_type)
    where part.owner = apart.subject and part.environment = :environment and part.app = any(apart.apps) and part.part like 's:%'
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


# One by one: the planner takes them for far more than they are, and would read all of the table.
EACH_SHARED = """shared cross join lateral (
    select app, sample, marks, is_cut, is_unsure, reached_1, reached_2, reached_3, reached_4, reached_5 from subjects
    where subjects.subject = shared.subject and environment = :environment and app = any(:apps) offset 0
) as each"""


@dataclass(frozen=True)
class Sources:
    """The rows that a funnel counts. `plain` are most of them; `apart`, as much of a WITH clause, makes the table `rest`, which
    holds the others.

    All have `subject`, `sample` and the times `at_1`, ...; but the saved funnel's plain ones `reached_1`, ...: `plain` are those
    of the period and `past` those of the period before. With several apps these hold everybody, since the index that answers
    knows no names; `own` and `own_past` are the rows of those who are in `rest` as well, to be taken away again; or `alone` is a
    condition that leaves them out.
    """

    apart: str
    plain: str
    past: str | None = None
    own: str | None = None
    own_past: str | None = None
    alone: str = ""


def list_apps(session: Session, watched: Watched) -> list[str]:
    """Return the apps that are asked for: the one that is named, or all that have subjects."""
    if watched.app is not None:
        return [watched.app]
    return list(session.scalars(APPS, {"environment": watched.environment}))


def saved(rule: Rule, *, several: bool, among: str) -> Sources:
    """Return the sources of the saved funnel: `subjects` knows when most of them reached its steps."""
    rows = f"subjects where environment = :environment and app = any(:apps) and {among} and not is_unsure"
    own = f"{EACH_SHARED} where not is_unsure"
    now, before = "reached_1 >= :start and reached_1 < :until", "reached_1 >= :since and reached_1 < :start"
    unsure = _whole(several=several, among=among, condition="is_unsure")
    return Sources(
        _apart(rule, several, among, rule.over(unsure), "true", "select subject, sample, marks from exact"),
        plain=f"{rows} and {now}",
        past=f"{rows} and {before}",
        own=f"{own} and {now}" if several else None,
        own_past=f"{own} and {before}" if several else None,
        alone=_alone(several),
    )


def of_marks(rule: Rule, *, several: bool, among: str) -> Sources:
    """Return the sources of any other funnel: the lists of marks."""
    # Whoever begins where the saved funnel begins does so at the same time, which has an index.
    begun = "reached_1 >= :since and reached_1 < :until" if rule.steps[0] == ONBOARDING_CODES[0] else "true"
    uncut = _whole(several=several, among=among, condition=f"not is_cut and {begun}")
    cut = _whole(several=several, among=among, condition="is_cut")
    rest = f"""
select subject, sample, marks from exact
union all
select subject, sample, marks from ({cut}) as cut where is_cut and (subject, apps) not in (select subject, apps from exact)"""  # noqa: S608
    return Sources(
        _apart(rule, several, among, rule.over(cut), f"is_cut and (is_shared or {rule.is_unsure()})", rest),
        plain=f"({rule.over(f'select * from ({uncut}) as uncut where not is_cut')}) as timed where {_in_time()}",  # noqa: S608
    )


def of_release(rule: Rule, *, among: str) -> Sources:
    """Return the sources of a funnel within one release, which only raw rows know."""
    none = rule.over("select null::text as subject, null::smallint as sample, null::bigint[] as marks where false")
    timed = rule.over(OF_RELEASE.format(among=among))
    return Sources(f"rest as ({none})", plain=f"({timed}) as timed where {_in_time()}")


def _alone(several: bool) -> str:
    return " and not exists (select from shared where shared.subject = subjects.subject)" if several else ""


def _whole(*, several: bool, among: str, condition: str) -> str:
    """Return the marks of each who fits the condition, one row for whoever is in several apps."""
    rows = f"""
    select array[app] as apps, subject, sample, marks, is_cut, is_unsure, false as is_shared from subjects
    where environment = :environment and app = any(:apps) and {among} and {condition}{_alone(several)}"""  # noqa: S608
    return f"{rows} union all select * from joined" if several else rows  # noqa: S608


def _apart(rule: Rule, several: bool, among: str, timed: str, condition: str, rest: str) -> str:
    """Return the clauses that make `rest`: of those who fit the condition, the raw rows join the marks."""
    shared = f"""
shared as materialized (
    select subject from subjects where environment = :environment and app = any(:apps) and {among}
    group by subject having count(*) > 1
),
joined as materialized (
    select array_agg(distinct app) as apps, subject, sample, array_agg(distinct mark order by mark) as marks,
        bool_or(is_cut) as is_cut, bool_or(is_cut) as is_unsure, true as is_shared
    from {EACH_SHARED} cross join unnest(marks) as mark group by subject, sample
),"""  # noqa: S608
    raw = RAW.format(begins=rule.begins, ends=rule.ends)
    exact = f"""
exact as materialized (
    select subject, sample, apps, case when is_cut
        then array(select mark from unnest(apart.marks) as mark union {raw} order by 1) else marks end as marks
    from ({timed}) as apart where {_in_time()} and ({condition})
),
rest as (select * from ({rule.over(rest)}) as timed where {_in_time()})"""  # noqa: S608
    return f"{shared if several else ''}{exact}"


def _in_time() -> str:
    """The first step is never in doubt: the earliest mark is always kept."""
    return f"at_1 >= :since_us and at_1 < least(:until_us, {NEVER})"
