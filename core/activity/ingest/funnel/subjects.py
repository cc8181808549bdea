"""Subjects of the funnel, derived from their parts: one row per app, and one over all apps.

That one has the app `*`. `is_whole` marks the one row of each subject and environment that holds
everything: those are who goes through the funnel of all apps. A unique index ensures that there is
only one, also where two transactions store, each in another app, the first events of a subject: the
second transaction is tried again.

A subject takes the marks of its parts, in whatever order they come. One that loses a part is
derived again, and so is a row over all apps when another has grown, under a lock and in a statement
of its own: that one sees what was there before it waited.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import lru_cache

import psycopg
from sqlalchemy import (
    ARRAY,
    Delete,
    FromClause,
    Text,
    Update,
    bindparam,
    column,
    func,
    select,
    table,
)

from core.activity.ingest import event_apps
from core.activity.ingest.funnel import statements
from core.activity.ingest.funnel.statements import KEY, subjects
from core.activity.queries.funnels.funnel import FunnelRule
from core.database.sql_files import compiled, statement
from core.database.staging import Connection, Stage, by_index
from core.errors import Unavailable

Key = Sequence[str]  # an environment, an app and a subject

TOUCHED = Stage(
    "touched_subjects",
    {"environment": "text", "app": "text", "subject": "text"},
    has_short_rows=True,
)
# Of each partition
ONE_WHOLE_ROW = ("ix_subjects_of_environments_whole", "ix_subjects_of_releases_whole")


def _over_apps(rule: FunnelRule, touched: FromClause) -> tuple[bytes, ...]:
    """Return the statements for rows over all apps; concurrent changes wait for each other here."""
    made = (
        statements.set_apart(touched),
        statements.held_over_apps(touched),
        statements.of_all_apps(rule, touched),
        statements.without_apps(touched),
    )
    return tuple(map(compiled, made))


def _apart(change: Update | Delete) -> bytes:
    """Return the change with a result: the keys of subjects in several apps."""
    changed = change.returning(*(subjects.c[name] for name in (*KEY, "is_whole"))).cte("changed")
    return compiled(select(*(changed.c[name] for name in KEY)).where(~changed.c.is_whole))


# Of a list the planner knows how long it is, and a temporary table would be emptied at each commit.
_LISTS = (bindparam(name, type_=ARRAY(Text)) for name in ("environments", "apps", "subjects"))
_GIVEN = func.unnest(*_LISTS).table_valued(*KEY).render_derived(name="touched")
_STAGED = table(TOUCHED.name, *map(column, KEY)).alias("touched")
WITHOUT_PARTS, WITHOUT_APPS = (
    compiled(each).decode()
    for each in (statements.without_parts(_STAGED), statements.without_apps(_STAGED))
)
_NAMED = _apart(statements.gone(_GIVEN))
# This waits for the transactions that derive from events: they write to the same table.
_SETTLE = (
    b"lock table funnel_parts in share row exclusive mode",
    statement(__package__, "forget_apps").text.encode(),
    statement(__package__, "forget_rows_over_apps").text.encode(),
    statement(__package__, "make_whole_again").text.encode(),
)


@dataclass(frozen=True)
class SubjectStatements:
    """What derives subjects by a rule: those of the stage, those that lost a part, and those in
    several apps.
    """

    derive: tuple[bytes, ...]
    less: tuple[bytes, ...]
    over_apps: tuple[bytes, ...]


@lru_cache(maxsize=8)
def statements_of(rule: FunnelRule) -> SubjectStatements:
    first = (
        event_apps.note_apps(_STAGED),
        statements.held(_STAGED),
        statements.of_parts(rule, _STAGED),
    )
    return SubjectStatements(
        (*map(compiled, first), WITHOUT_PARTS.encode(), *_over_apps(rule, _STAGED)),
        (_apart(statements.of_parts(rule, _GIVEN)), _apart(statements.without_parts(_GIVEN))),
        _over_apps(rule, _GIVEN),
    )


@contextmanager
def alone() -> Iterator[None]:
    """Raise Unavailable when a concurrent transaction inserted the subject; a retry succeeds."""
    try:
        yield
    except psycopg.errors.UniqueViolation as found:
        # The other transaction holds the row of another app, which this one could not see
        if found.diag.constraint_name in ONE_WHOLE_ROW:
            raise Unavailable from found
        raise


def follow(
    connection: Connection,
    rule: FunnelRule,
    sessions: Sequence[Key],
    users: Sequence[Key],
    spread: Sequence[Key],
) -> None:
    """Derive sessions and users that lost a part in a batch, and subjects in several apps."""
    spread = list(spread)
    if sessions:
        spread += connection.execute(_NAMED, _given(sessions)).fetchall()
    if users:
        for change in statements_of(rule).less:
            spread += connection.execute(change, _given(users)).fetchall()
    if spread:
        for change in statements_of(rule).over_apps:
            connection.execute(change, _given(spread))


def _given(keys: Iterable[Key]) -> dict[str, list[str]]:
    environments, apps, subjects = map(list, zip(*keys, strict=True))
    return {"environments": environments, "apps": apps, "subjects": subjects}


def derive(connection: Connection, rule: FunnelRule, *, are_few: bool = True) -> None:
    """Derive the touched subjects from their parts; many of them need `analyze` first."""
    with by_index(connection) if are_few else nullcontext():
        for change in statements_of(rule).derive:
            connection.execute(change)


def settle(connection: Connection) -> None:
    """Delete apps without subjects, and restore `is_whole` of subjects left with one app."""
    for change in _SETTLE:
        connection.execute(change)
