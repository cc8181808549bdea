"""users by the hour they were last seen in: an index that need not change with each of their rows

Revision: 0015, after 0014
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

HOUR = "date_bin('1 hour', last_seen_at, timestamptz '2000-01-01 00:00:00+00')"


def upgrade() -> None:
    """Apply."""
    hour = sa.Column("last_seen_hour", sa.DateTime(timezone=True), sa.Computed(HOUR, persisted=True), nullable=False)
    op.drop_index("ix_users_last_seen_at", table_name="users")
    op.add_column("users", hour)
    op.create_index(op.f("ix_users_last_seen_hour"), "users", ["last_seen_hour"], unique=False)
