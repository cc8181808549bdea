"""Who goes through a funnel, as SQL: `subjects` as they are, and apart from them those for whom more must be asked.

That is one user in several apps, whose marks are joined, and one whose list of marks was cut where it could matter, for whom the
raw rows are looked up. Parameters: environment, apps, and subjects where only some are wanted.
"""

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

from core.activity.funnel import NEVER, WINDOW_US, Rule
from core.periods import Watched

# One probe of the index an app.
APPS = text("""
with recursive each as (
    select min(app) as app from subjects where environment = :environment
    union all
    select (select min(app) from subjects where environment = :environment and app > each.app) from each where app is not null
)
select app from each where app is not null""")

RAW = f"""
    select mark_of(code, created_at) from user_activity_events as event join funnel_events using (event_type)
    where user_id = case when apart.subject like 'u:%' then substr(apart.subject, 3)::uuid end and environment = :environment
        and app = any(apart.apps)
        and created_at between from_micros(apart.at_1) and from_micros(apart.at_1 + {WINDOW_US})
    union
    select mark_of(code, created_at) from funnel_parts as part
    join user_activity_events as event on event.session_id = substr(part.part, 3) and (event.environment, event.app)
        = (part.environment, part.app) join funnel_events using (event_type)
    where part.owner = apart.subject and part.environment = :environment and part.app = any(apart.apps) and part.part like 's:%'
        and event.user_id is null
        and created_at between from_micros(apart.at_1) and from_micros(apart.at_1 + {WINDOW_US})"""  # noqa: S608  constants

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
NONE_APART = "exact as (select null::smallint as sample, null::bigint[] as marks where false)"


@dataclass(frozen=True)
class Sources:
    """The rows that a funnel counts, each with `sample`, `subject` and the times of its steps.

    Most come from `plain`; `apart` (as much of a WITH clause as it needs) makes the table `exact`, which holds the others.
    """

    plain: str
    apart: str


def list_apps(session: Session, watched: Watched) -> list[str]:
    """Return the apps that are asked for: the one that is named, or all that have subjects."""
    if watched.app is not None:
        return [watched.app]
    return list(session.scalars(APPS, {"environment": watched.environment}))


def saved(rule: Rule, *, several: bool, among: str) -> Sources:
    """Return the sources of the saved funnel: `subjects` knows when most of them reached its steps."""
    reached = ", ".join(f"reached_{number} as t_{number}" for number in range(1, len(rule.steps) + 1))
    plain = f"""
select sample, {reached} from subjects where environment = :environment and app = any(:apps) and {among}
    and reached_1 >= :since and reached_1 < :until and not is_unsure{_alone(several)}"""  # noqa: S608  names of our own
    wanted = _whole(several=several, among=among, condition="is_unsure")
    return Sources(plain, _apart(several, among, rule.over(wanted), "true"))


def of_marks(rule: Rule, *, several: bool, among: str) -> Sources:
    """Return the sources of any other funnel: the lists of marks."""
    whole = _whole(several=several, among=among, condition="true")
    cut = _whole(several=several, among=among, condition="is_cut")
    known = "not is_cut or (subject, apps) not in (select subject, apps from exact)"
    plain = f"select * from ({rule.over(f'select * from ({whole}) as whole where {known}')}) as timed where {_in_time()}"  # noqa: S608
    return Sources(plain, _apart(several, among, rule.over(cut), f"is_cut and (is_shared or {rule.is_unsure()})"))


def of_release(rule: Rule, *, among: str) -> Sources:
    """Return the sources of a funnel within one release, which only raw rows know."""
    timed = rule.over(OF_RELEASE.format(among=among))
    return Sources(f"select * from ({timed}) as timed where {_in_time()}", NONE_APART)  # noqa: S608


def _alone(several: bool) -> str:
    return " and not exists (select from shared where shared.subject = subjects.subject)" if several else ""


def _whole(*, several: bool, among: str, condition: str) -> str:
    """Return the marks of each who fits the condition, one row for whoever is in several apps."""
    rows = f"""
    select array[app] as apps, subject, sample, marks, is_cut, is_unsure, false as is_shared from subjects
    where environment = :environment and app = any(:apps) and {among} and {condition}{_alone(several)}"""  # noqa: S608
    return f"{rows} union all select * from joined" if several else rows  # noqa: S608


def _apart(several: bool, among: str, timed: str, condition: str) -> str:
    shared = f"""
shared as materialized (
    select subject from subjects where environment = :environment and app = any(:apps) and {among}
    group by subject having count(*) > 1
),
joined as materialized (
    select array_agg(distinct app) as apps, subject, sample, array_agg(distinct mark order by mark) as marks,
        bool_or(is_cut) as is_cut, bool_or(is_cut) as is_unsure, true as is_shared
    from shared join subjects using (subject) cross join unnest(marks) as mark
    where environment = :environment and app = any(:apps) group by subject, sample
),"""  # noqa: S608
    exact = f"""
exact as materialized (
    select subject, sample, apps, case when is_cut
        then array(select mark from unnest(apart.marks) as mark union {RAW} order by 1) else marks end as marks
    from ({timed}) as apart where {_in_time()} and ({condition})
)"""  # noqa: S608
    return f"{shared if several else ''}{exact}"


def _in_time() -> str:
    """The first step is never in doubt: the earliest mark is always kept."""
    return f"at_1 >= :since_us and at_1 < least(:until_us, {NEVER})"
