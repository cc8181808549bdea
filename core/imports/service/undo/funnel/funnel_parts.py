"""Undo of the funnel's parts of removed events, by the events that remain and under a lock, for
parts are no sums.

A part that holds all of its step marks loses those that no other event has at the very same time.
One whose marks were cut is made again from its events, and so is a session's link when the event
that made it is gone. What is older than the events that retention has left stays.
"""

from psycopg.sql import SQL, Identifier
from sqlalchemy import text
from sqlalchemy.orm import Session

from core.activity.ingest.funnel import subjects
from core.activity.queries.funnels.workspace_funnel import hold_workspace_funnel
from core.database import settings, sql_files
from core.database.settings import Sealed
from core.database.staging import Stage, by_index, driver

KEY = {"environment": "text", "app": "text", "part": "text"}
LINK = {"linked_at": "timestamptz", "linked_to": "text"}
GONE = Stage("gone_from_parts", KEY | LINK | {"marks": "bigint[]"})
REBUILT = Stage(
    "rebuilt_parts",
    KEY
    | LINK
    | {"owner": "text", "marks": "bigint[]", "is_cut": "boolean", "had_marks": "boolean"},
)

# Processes that derive from events wait here until this is done: what they add to a part must not
# come between reading and writing it.
LOCK = text("lock table funnel_parts in share row exclusive mode")
REMOVED = text(
    "select min(created_at), max(created_at), array_agg(distinct user_id), array_agg(distinct "
    "session_id) from fresh_events"
)
UNLINKED = text("""
select array_agg(substr(p.part, 3)), min(p.linked_at)
from gone_from_parts as gone join funnel_parts as p using (part, environment, app)
where (p.linked_at, p.linked_to) = (gone.linked_at, gone.linked_to)""")
CUT = text("""
select array_agg(user_of(part)) filter (where is_user(part)), array_agg(session_of(part))
    filter (where is_session(part))
from rebuilt_parts where is_cut having count(*) > 0""")
# A part without marks gives its subject none; that may be gone with it, all the same.
TOUCHED = text("""
insert into touched_subjects
select environment, app, owner from rebuilt_parts where had_marks
union
select environment, app, coalesce(linked_to, part) from rebuilt_parts
where coalesce(linked_to, part) <> owner and (linked_to is not null or cardinality(marks) > 0)""")
WITHOUT_MARKS = (
    "insert into touched_subjects select distinct environment, app, owner from rebuilt_parts "
    "where not had_marks"
)
KEEP = text("""
update funnel_parts set linked_at = fresh.linked_at, linked_to = fresh.linked_to,
    owner = coalesce(fresh.linked_to, fresh.part),
    former_owner = null, marks = fresh.marks, is_cut = fresh.is_cut
from rebuilt_parts as fresh
where (funnel_parts.part, funnel_parts.environment, funnel_parts.app) = (fresh.part,
    fresh.environment, fresh.app)
    and (fresh.linked_at is not null or cardinality(fresh.marks) > 0)""")
DROP = text("""
delete from funnel_parts using rebuilt_parts as fresh
where (funnel_parts.part, funnel_parts.environment, funnel_parts.app) = (fresh.part,
    fresh.environment, fresh.app)
    and fresh.linked_at is null and cardinality(fresh.marks) = 0""")


def rebuild(session: Session) -> None:
    """Rebuild the parts to which the events in `fresh_events` belonged, and the subjects of these
    parts.
    """
    connection = driver(session)
    for stage in (GONE, REBUILT, subjects.TOUCHED):
        stage.make(connection)
    rule = hold_workspace_funnel(connection).rule
    session.execute(LOCK)
    since, until, users, sessions = session.execute(REMOVED).one()
    _fill(session, GONE, since=since, until=until, users=users, sessions=sessions)
    sessions, since = session.execute(UNLINKED).one()
    _fill(session, REBUILT, sessions=sessions or [], since=since)
    cut = session.execute(CUT).one_or_none()
    if cut is not None:
        sealed = settings.read(session, Sealed).user_activity_events
        given = {"users": cut[0] or [], "sessions": cut[1] or [], "sealed": sealed}
        # Not by index: each part would be compared with all events of all of them
        session.execute(sql_files.statement(__package__, "cut_parts"), given)
    with by_index(connection):
        for statement in (TOUCHED, KEEP, DROP):
            session.execute(statement)
    subjects.derive(connection, rule)
    with by_index(connection):
        for orphans in (WITHOUT_MARKS, subjects.WITHOUT_PARTS, subjects.WITHOUT_APPS):
            connection.execute(orphans.encode())


def _fill(session: Session, stage: Stage, **given: object) -> None:
    session.execute(sql_files.statement(__package__, stage.name), given)
    driver(session).execute(SQL("analyze {}").format(Identifier(stage.name)))
