"""Subjects of the funnel, made of their parts: one row per app, and one over all apps.

That one has the app `*`. `is_whole` marks the one row of each subject and environment that holds everything: those are who goes
through the funnel of all apps. An index sees to it that there is but one, also where two transactions store, each in another app,
the first that is known of somebody: who comes second is stored again.

A subject takes the marks of its parts, in whatever order they come. One that loses a part is made anew, and so is a row over all
apps when another has grown, under a lock and in a statement of its own: that one sees what was there before it waited.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext

import psycopg

from core.activity.funnels import funnel
from core.activity.schemas import ALL_APPS
from core.database.staging import Connection, Stage, by_index
from core.errors import Unavailable

Key = Sequence[str]  # an environment, an app and a subject

TOUCHED = Stage("touched_subjects", {"environment": "text", "app": "text", "subject": "text"})
# Of a list the planner knows how long it is, and a temporary table would be emptied at each commit.
GIVEN = "unnest(%(environments)s::text[], %(apps)s::text[], %(subjects)s::text[]) as touched (environment, app, subject)"
RULE = funnel.FunnelRule(funnel.ONBOARDING_CODES)
DERIVED = ", ".join(f"from_micros({RULE.reached(step - 1)}) as reached_{step}" for step in range(1, 6))
DERIVED = f"marks, is_cut, is_cut and {RULE.is_unsure()} as is_unsure, {DERIVED}"
COLUMNS = "marks, is_cut, is_unsure, reached_1, reached_2, reached_3, reached_4, reached_5"
WHOLE = "coalesce(array_agg(distinct mark order by mark) filter (where mark is not null), '{}')"
MERGED = """
select marks_merged(present.marks, excluded.marks) as marks, present.is_cut or excluded.is_cut
    or cardinality(present.marks) + cardinality(excluded.marks) > 32 and marks_cut(present.marks, excluded.marks) as is_cut
offset 0"""
# What a new row is. The offset has each looked up in the index, however few the planner believes there are.
IS_WHOLE = """
count(*) over (partition by {rows}.subject, {rows}.environment) = 1 and not exists (select from subjects as other
    where (other.subject, other.environment) = ({rows}.subject, {rows}.environment) and other.app <> {rows}.app offset 0)"""
ONE_WHOLE_ROW = "ix_subjects_whole"


def note_apps(rows: str) -> str:
    """Return a statement that remembers which apps there are."""
    return f"""
insert into event_apps (environment, app) select distinct environment, app from {rows} where app <> '{ALL_APPS}' order by 1, 2
on conflict do nothing"""  # noqa: S608  our own names


def _kept(whole: str) -> str:
    """Return a select of what a subject keeps of all of its marks."""
    return RULE.over(f"""
select environment, app, subject, case when cardinality(whole) <= 32 then whole else marks_kept(whole) end as marks,
    was_cut or cardinality(whole) > 32 and marks_cut('{{}}', whole) as is_cut
from ({whole}) as whole offset 0""")  # noqa: S608  our own names


# Of a batch's parts, which are `kept`, what is new goes to their subjects, to a new owner all there is; a user who lost a session
# is locked in the same order. A session that lost its own is nobody's but ours: we hold its only part.
GAINED = _kept(f"""
select environment, app, subject, bool_or(is_cut) as was_cut, {WHOLE} as whole
from (
    select environment, app, owner as subject,
        case when former_owner <> owner then kept.marks else parts.marks end as marks, is_cut
    from kept join parts using (part, environment, app)
    union all
    select environment, app, former_owner, '{{}}', false from kept where former_owner <> owner and former_owner like 'u:%%'
) as gained left join lateral unnest(marks) as mark on true group by 1, 2, 3""")  # noqa: S608  our own names
GROWN = f"""
insert into subjects as present (environment, app, subject, is_whole, {COLUMNS})
select environment, app, subject, {IS_WHOLE.format(rows="gained")}, {DERIVED} from ({GAINED}) as gained
order by subject, environment, app
on conflict (subject, environment, app) do update set ({COLUMNS}) = (select {DERIVED} from ({RULE.over(MERGED)}) as merged)
where not present.marks @> excluded.marks or excluded.is_cut and not present.is_cut
returning environment, app, subject, is_whole"""  # noqa: S608  our own names
BEREFT = "select array_agg(array[environment, app, former_owner]) from kept where former_owner <> owner"
SPREAD = "select array_agg(array[environment, app, subject]) from grown where not is_whole"


def _anew(rows: str, app: str) -> str:
    whole = f"""
select touched.environment, {app} as app, touched.subject, coalesce(bool_or(is_cut), false) as was_cut, {WHOLE} as whole
from {rows} left join lateral unnest(marks) as mark on true group by 1, 2, 3"""  # noqa: S608  our own names
    return f"""
update subjects set ({COLUMNS}) = row({", ".join(f"fresh.{column}" for column in COLUMNS.split(", "))})
from (select environment, app, subject, {DERIVED} from ({_kept(whole)}) as anew) as fresh
where (subjects.environment, subjects.app, subjects.subject) = (fresh.environment, fresh.app, fresh.subject)"""  # noqa: S608


def _of_parts(touched: str) -> str:
    each = f"(select distinct environment, app, subject from {touched}) as touched"  # noqa: S608  our own names
    key = "(funnel_parts.environment, funnel_parts.app, owner) = (touched.environment, touched.app, touched.subject)"
    return _anew(f"{each} join funnel_parts on {key}", "touched.app")


def _gone(touched: str) -> str:
    return f"""
delete from subjects using {touched}
where (subjects.environment, subjects.app, subjects.subject) = (touched.environment, touched.app, touched.subject)"""  # noqa: S608


def _spread(change: str) -> str:
    """Return the statement, which then tells of whom else there are rows."""
    told = "returning subjects.environment, subjects.app, subjects.subject, is_whole"
    return f"with changed as ({change} {told}) select environment, app, subject from changed where not is_whole"  # noqa: S608


def _set_apart(touched: str) -> str:
    return f"""
update subjects set is_whole = false from (select distinct environment, subject from {touched}) as touched
where (subjects.subject, subjects.environment) = (touched.subject, touched.environment) and is_whole and app <> '{ALL_APPS}'
    and exists (select from subjects as other
        where (other.subject, other.environment) = (subjects.subject, subjects.environment) and other.app <> subjects.app)"""  # noqa: S608


def _held(touched: str) -> str:
    return f"""
insert into subjects (environment, app, subject, marks, is_cut)
select distinct environment, '{ALL_APPS}', subject, '{{}}'::bigint[], false
from {touched} join subjects as each using (environment, subject) where not each.is_whole order by 3, 1
on conflict (subject, environment, app) do update set is_cut = false where false"""  # noqa: S608  our own names


def _of_all_apps(touched: str) -> str:
    each = f"(select distinct environment, subject from {touched}) as touched"  # noqa: S608  our own names
    key = "(subjects.subject, subjects.environment) = (touched.subject, touched.environment)"
    return _anew(f"{each} join subjects on {key} and not is_whole", f"'{ALL_APPS}'")


def _without_apps(touched: str) -> str:
    return f"""
delete from subjects using {touched}
where (subjects.subject, subjects.environment, subjects.app) = (touched.subject, touched.environment, '{ALL_APPS}')
    and not exists (select from subjects as each
        where (each.subject, each.environment) = (subjects.subject, subjects.environment) and each.app <> '{ALL_APPS}')"""  # noqa: S608


def _over_apps(touched: str) -> tuple[str, ...]:
    """Return statements that make the rows over all apps; who changes one of the others waits at them for us, or we for him."""
    return _set_apart(touched), _held(touched), _of_all_apps(touched), _without_apps(touched)


PARTLESS = """ and not exists (select from funnel_parts
    where (funnel_parts.environment, funnel_parts.app, owner) = (subjects.environment, subjects.app, subjects.subject))"""
TABLE = "touched_subjects as touched"
WITHOUT_PARTS, WITHOUT_APPS = _gone(TABLE) + PARTLESS, _without_apps(TABLE)
ANEW = (
    note_apps("touched_subjects"),
    f"""
insert into subjects (environment, app, subject, is_whole, marks, is_cut)
select environment, app, subject, {IS_WHOLE.format(rows="touched")}, '{{}}', false
from (select distinct environment, app, subject from touched_subjects) as touched order by 3, 1, 2
on conflict (subject, environment, app) do update set is_cut = false where false""",  # noqa: S608  constants
    _of_parts(TABLE),
    WITHOUT_PARTS,
    *_over_apps(TABLE),
)
NAMED = _spread(_gone(GIVEN))
LESS = (_spread(_of_parts(GIVEN)), _spread(_gone(GIVEN) + PARTLESS))
OVER_APPS = _over_apps(GIVEN)
# Whoever stores events holds what this waits for.
LOCK = "lock table funnel_parts in share row exclusive mode"
SEVERAL = "(select environment from event_apps group by environment having count(*) > 1)"
SETTLE = (
    LOCK,
    """
delete from event_apps where not exists (select from subjects
    where (subjects.environment, subjects.app) = (event_apps.environment, event_apps.app))""",
    f"delete from subjects where app = '{ALL_APPS}' and environment not in {SEVERAL}",  # noqa: S608  constants
    f"update subjects set is_whole = true where not is_whole and environment not in {SEVERAL}",  # noqa: S608  constants
)


@contextmanager
def alone() -> Iterator[None]:
    """Raise Unavailable where another was first with a whole row of the same subject: once he is there it goes well."""
    try:
        yield
    except psycopg.errors.UniqueViolation as found:
        if found.diag.constraint_name == ONE_WHOLE_ROW:
            raise Unavailable from found
        raise


def follow(connection: Connection, bereft: Sequence[Key], spread: Sequence[Key]) -> None:
    """After a batch make anew who has lost a part, and whoever is in several apps over all of them."""
    spread = list(spread)
    if sessions := [key for key in bereft if key[2].startswith("s:")]:
        spread += connection.execute(NAMED.encode(), _given(sessions)).fetchall()
    if users := [key for key in bereft if key[2].startswith("u:")]:
        for statement in LESS:
            spread += connection.execute(statement.encode(), _given(users)).fetchall()
    if spread:
        for statement in OVER_APPS:
            connection.execute(statement.encode(), _given(spread))


def _given(keys: Iterable[Key]) -> dict[str, list[str]]:
    environments, apps, subjects = map(list, zip(*keys, strict=True))
    return {"environments": environments, "apps": apps, "subjects": subjects}


def derive(connection: Connection, *, are_few: bool = True) -> None:
    """Make the touched subjects anew from their parts; where these are not few, the planner must know how many (`analyze`)."""
    with by_index(connection) if are_few else nullcontext():
        for statement in ANEW:
            connection.execute(statement.encode())


def settle(connection: Connection) -> None:
    """Forget apps of which nobody is left; where one remains, its rows hold everything again."""
    for statement in SETTLE:
        connection.execute(statement.encode())
