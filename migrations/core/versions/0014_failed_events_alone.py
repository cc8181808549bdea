"""failed events: the index holds all that errors are counted by, so that the rows themselves need not be read

Revision: 0014, after 0013
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

NAME = "ix_user_activity_events_failed"


def upgrade() -> None:
    """Apply."""
    op.drop_index(NAME, table_name="user_activity_events")
    op.create_index(
        NAME,
        "user_activity_events",
        ["environment", "created_at"],
        postgresql_include=["event_type", "error_code", "user_id", "session_id", "app", "release"],
        postgresql_where=sa.text("error_code is not null or event_type like '%\\_error'"),
    )
