"""failed events: an index of those that carry an error, so that errors by code need not look at all events

Revision: 0011, after 0010
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_index(
        "ix_user_activity_events_failed",
        "user_activity_events",
        ["environment", "created_at"],
        postgresql_where=sa.text("error_code is not null or event_type like '%\\_error'"),
    )
