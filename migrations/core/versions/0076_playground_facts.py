"""Last calls of sessions, what votes on replays compared, and previous secrets of services

Revision: 0076, after 0075
"""

import sqlalchemy as sa
from alembic import op

revision = "0076"
down_revision = "0075"
branch_labels = None
depends_on = None

STATEMENTS = (
    "alter table playground_sessions add column last_executed_at timestamptz",
    """update playground_sessions s set last_executed_at = e.newest
        from (select session_id, max(created_at) newest from prompt_executions
            where session_id is not null group by session_id) e
        where e.session_id = s.id""",
    "alter table playground_replays add column models jsonb",
    "alter table services add column previous_secret bytea",
    "alter table services add column previous_secret_until timestamptz",
)


def upgrade() -> None:
    """Apply."""
    for statement in STATEMENTS:
        op.execute(sa.text(statement))
