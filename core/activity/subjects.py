"""Subjects of the funnel, made of their parts: one row for each app, and where an environment has several, one over all of them.

That one has the app `*`. Whoever does something gets it as soon as there is a second app; `is_whole` marks the one row of each
subject and environment that holds everything: those are who goes through the funnel of all apps.

A subject takes the marks of its parts, in whatever order they come. One that loses a part is locked, in the same order as by all
others, and made anew in a statement of its own: one that locks still sees what was there before it waited.
"""

import time
from collections.abc import Set as AbstractSet

from core.activity import funnel
from core.activity.schemas import ALL_APPS
from core.staging import Connection, Stage

Place = tuple[str, str]  # an environment and an app

TOUCHED = Stage("touched_subjects", {"environment": "text", "app": "text", "subject": "text"})
RULE = funnel.Rule(funnel.ONBOARDING_CODES)
DERIVED = ", ".join(f"from_micros({RULE.reached(step - 1)}) as reached_{step}" for step in range(1, 6))
DERIVED = f"marks, is_cut, is_cut and {RULE.is_unsure()} as is_unsure, {DERIVED}"
COLUMNS = "marks, is_cut, is_unsure, reached_1, reached_2, reached_3, reached_4, reached_5"
WHOLE = "coalesce(array_agg(distinct mark order by mark) filter (where mark is not null), '{}')"
MERGED = """
select marks_merged(present.marks, excluded.marks) as marks, present.is_cut or excluded.is_cut
    or cardinality(present.marks) + cardinality(excluded.marks) > 32 and marks_cut(present.marks, excluded.marks) as is_cut
offset 0"""


def note_apps(rows: str) -> str:
    """Return a statement that remembers which apps there are."""
    return f"""
insert into event_apps (environment, app) select distinct environment, app from {rows} where app <> '{ALL_APPS}' order by 1, 2
on conflict do nothing"""  # noqa: S608  our own names


def several(rows: str) -> str:
    """Return a select of the environments that have several apps, with those of the rows."""
    known = f"select environment, app from event_apps union select environment, app from {rows} where app <> '{ALL_APPS}'"  # noqa: S608
    return f"select environment from ({known}) as known group by environment having count(*) > 1"  # noqa: S608


def _kept(whole: str) -> str:
    """Return a select of what a subject keeps of all of its marks."""
    return RULE.over(f"""
select environment, app, subject, case when cardinality(whole) <= 32 then whole else marks_kept(whole) end as marks,
    was_cut or cardinality(whole) > 32 and marks_cut('{{}}', whole) as is_cut
from ({whole}) as whole offset 0""")  # noqa: S608  our own names


def _gained(app: str, among: str = "") -> str:
    """Return a select of what the parts of a batch give to their subjects: what is new, and all there is to a new owner."""
    return _kept(f"""
select environment, {app} as app, subject, bool_or(is_cut) as was_cut, {WHOLE} as whole
from (
    select environment, app, owner as subject,
        case when former_owner <> owner then kept.marks else parts.marks end as marks, is_cut
    from kept join parts using (part, environment, app)
    union all select environment, app, former_owner, '{{}}', false from kept where former_owner <> owner
) as gained {among} left join lateral unnest(marks) as mark on true group by 1, 2, 3""")  # noqa: S608  our own names


def _merged(gained: str, is_whole: str) -> str:
    """Return a statement that adds what was gained."""
    return f"""
insert into subjects as present (environment, app, subject, is_whole, {COLUMNS})
select environment, app, subject, {is_whole}, {DERIVED} from ({gained}) as gained
order by subject, environment, app
on conflict (subject, environment, app) do update set ({COLUMNS}) = (select {DERIVED} from ({RULE.over(MERGED)}) as merged)
where not present.marks @> excluded.marks or excluded.is_cut and not present.is_cut
returning environment, subject, xmax = 0 as is_new"""  # noqa: S608  our own names


# Parts of one statement: of a batch's parts in `kept`, with the environments of several apps in `several`.
OF_APPS = _merged(_gained("app"), "environment not in (select environment from several)")
OF_ALL_APPS = _merged(_gained(f"'{ALL_APPS}'", "join several using (environment)"), "true")
BEREFT = "select array_agg(array[environment, app, former_owner]) from kept where former_owner <> owner"
# Who was known before there was a second app: what he did in the first is not in his row over all apps yet.
UNITED = f"""
select array_agg(array[environment, known.app, subject]) from whole join subjects as known using (subject, environment)
where is_new and known.is_whole and known.app <> '{ALL_APPS}'"""  # noqa: S608  constants


def _locked(app: str, touched: str) -> str:
    return f"""
insert into subjects (environment, app, subject, marks, is_cut)
select distinct environment, {app}, subject, '{{}}'::bigint[], false from {touched} order by 3, 1, 2
on conflict (subject, environment, app) do update set is_cut = false where false"""  # noqa: S608  our own names


def _anew(rows: str, app: str) -> str:
    whole = f"""
select touched.environment, {app} as app, touched.subject, coalesce(bool_or(is_cut), false) as was_cut, {WHOLE} as whole
from {rows} left join lateral unnest(marks) as mark on true group by 1, 2, 3"""  # noqa: S608  our own names
    return f"""
update subjects set ({COLUMNS}) = row({", ".join(f"fresh.{column}" for column in COLUMNS.split(", "))})
from (select environment, app, subject, {DERIVED} from ({_kept(whole)}) as anew) as fresh
where (subjects.environment, subjects.app, subjects.subject) = (fresh.environment, fresh.app, fresh.subject)"""  # noqa: S608


WITHOUT_PARTS = """
delete from subjects using touched_subjects as touched
where (subjects.environment, subjects.app, subjects.subject) = (touched.environment, touched.app, touched.subject)
    and not exists (select from funnel_parts
        where (funnel_parts.environment, funnel_parts.app, owner) = (subjects.environment, subjects.app, subjects.subject))"""
WITHOUT_APPS = f"""
delete from subjects using touched_subjects as touched
where (subjects.subject, subjects.environment, subjects.app) = (touched.subject, touched.environment, '{ALL_APPS}')
    and not exists (select from subjects as each
        where (each.subject, each.environment) = (subjects.subject, subjects.environment) and each.app <> '{ALL_APPS}')"""  # noqa: S608  constants
SET_APART = f"""
update subjects set is_whole = false
from touched_subjects as touched
join subjects as whole on (whole.subject, whole.environment, whole.app) = (touched.subject, touched.environment, '{ALL_APPS}')
where (subjects.subject, subjects.environment) = (touched.subject, touched.environment)
    and subjects.is_whole and subjects.app <> '{ALL_APPS}'"""  # noqa: S608  constants
ANEW = (
    note_apps("touched_subjects"),
    _locked("app", "touched_subjects"),
    _anew(
        """(select distinct environment, app, subject from touched_subjects) as touched join funnel_parts
        on (funnel_parts.environment, funnel_parts.app, owner) = (touched.environment, touched.app, touched.subject)""",
        "touched.app",
    ),
    WITHOUT_PARTS,
)
# After those: whoever is writing to a subject's row of one app is waited for before the marks of all apps are read.
ANEW_OVER_APPS = (
    _locked(f"'{ALL_APPS}'", f"touched_subjects join ({several('touched_subjects')}) as several using (environment)"),
    SET_APART,
    _anew(
        f"""(select distinct environment, subject from touched_subjects) as touched join subjects
        on (subjects.subject, subjects.environment) = (touched.subject, touched.environment) and app <> '{ALL_APPS}'""",  # noqa: S608
        f"'{ALL_APPS}'",
    ),
    WITHOUT_APPS,
)
# Of tables that were filled a moment ago the planner knows nothing, and would read all parts for a hundred subjects.
PLANS = """select set_config('enable_seqscan', %(on)s, true), set_config('enable_hashjoin', %(on)s, true),
    set_config('enable_mergejoin', %(on)s, true)"""

KNOWN_FOR_S = 60.0
KNOWN = "select environment, app from event_apps"
# Whoever stores events holds what this waits for.
LOCK = "lock table funnel_parts in share row exclusive mode"
SEVERAL = "select environment from event_apps group by environment having count(*) > 1"
IN_SEVERAL = f"({SEVERAL})"
SETTLE = (
    """
delete from event_apps where not exists (select from subjects
    where (subjects.environment, subjects.app) = (event_apps.environment, event_apps.app))""",
    f"delete from subjects where app = '{ALL_APPS}' and environment not in {IN_SEVERAL}",  # noqa: S608  constants
    f"update subjects set is_whole = true where not is_whole and environment not in {IN_SEVERAL}",  # noqa: S608  constants
)
_met: dict[Place, float] = {}  # when an app was last seen to be known


def meet(connection: Connection, places: AbstractSet[Place]) -> None:
    """Before the first events of an app are stored, wait for whoever stores some meanwhile and does not know of it.

    Else one who comes in two apps at the same moment would count twice. What is known is looked up once a minute: an undo may
    have forgotten an app.
    """
    now = time.monotonic()
    if all(now - _met.get(place, -KNOWN_FOR_S) < KNOWN_FOR_S for place in places):
        return
    _met.clear()
    _met.update(((str(environment), str(app)), now) for environment, app in connection.execute(KNOWN).fetchall())
    if not places <= _met.keys():
        connection.execute(LOCK)


def forget() -> None:
    """Look up at the next events which apps there are."""
    _met.clear()


def derive(connection: Connection, *, are_few: bool = True) -> None:
    """Make the touched subjects anew from their parts; where these are not few, the planner must know how many (`analyze`)."""
    connection.execute(PLANS, {"on": "off" if are_few else "on"})
    for statement in ANEW:
        connection.execute(statement.encode())
    if connection.execute(SEVERAL).fetchone():
        for statement in ANEW_OVER_APPS:
            connection.execute(statement.encode())
    connection.execute(PLANS, {"on": "on"})


def settle(connection: Connection) -> None:
    """Forget apps of which nobody is left; where one remains, its rows hold everything again."""
    connection.execute(LOCK)
    for statement in SETTLE:
        connection.execute(statement.encode())
    forget()
