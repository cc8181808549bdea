"""releases of events in their rollups

Revision: 0078, after 0077
"""

import sqlalchemy as sa
from alembic import op

revision = "0078"
down_revision = "0077"
branch_labels = None
depends_on = None

# From when on raw rows can be counted, as retention has deleted none since; and the zone of days.
KNOWN = sa.text("""
    select coalesce((select value ->> 'user_activity_events' from settings where name = 'sealed'),
        '-infinity') as since,
        coalesce((select value ->> 'reporting_time_zone' from settings where name = 'workspace'),
        'UTC') as zone
""")
RECOUNT = (
    "delete from event_deltas where at >= cast(:since as timestamptz)",
    "delete from event_rollups where grain = 'half_hour' and at >= cast(:since as timestamptz)",
    """
    insert into event_rollups (grain, at, environment, app, event_type, release, events, errors)
    select 'half_hour', date_bin('30 minutes', created_at, '2000-01-01 00:00:00+00') as at,
        environment, app, event_type, release, count(*), count(error_code)
    from user_activity_events where created_at >= cast(:since as timestamptz)
    group by at, environment, app, event_type, release
    """,
    "delete from event_rollups where grain = 'day'",
    """
    insert into event_rollups (grain, at, environment, app, event_type, release, events, errors)
    select 'day', date_trunc('day', at, :zone) as day, environment, app, event_type, release,
        sum(events), sum(errors)
    from event_rollups group by day, environment, app, event_type, release
    """,
)


def recount(connection: sa.Connection) -> None:
    """Count raw rows again, by release; about 10 s for ten million."""
    known = connection.execute(KNOWN).mappings().one()
    for statement in RECOUNT:
        connection.execute(sa.text(statement), dict(known))


def upgrade() -> None:
    """Apply."""
    for table in ("event_deltas", "event_rollups"):
        op.add_column(table, sa.Column("release", sa.Text(), server_default="", nullable=False))
        op.alter_column(table, "release", server_default=None)
    op.drop_constraint("pk_event_rollups", "event_rollups")
    op.create_primary_key(
        "pk_event_rollups",
        "event_rollups",
        ["grain", "at", "environment", "app", "event_type", "release"],
    )
    recount(op.get_bind())
