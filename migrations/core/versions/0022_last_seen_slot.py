"""users by the ten minutes they were last seen in: of an hour in which fifty thousand came, a page need not sort all

Revision: 0022, after 0021
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

SLOT = "date_bin('10 minutes', last_seen_at, timestamptz '2000-01-01 00:00:00+00')"


def upgrade() -> None:
    """Apply."""
    slot = sa.Column("last_seen_slot", sa.DateTime(timezone=True), sa.Computed(SLOT, persisted=True), nullable=False)
    op.drop_column("users", "last_seen_hour")
    op.add_column("users", slot)
    op.create_index(op.f("ix_users_last_seen_slot"), "users", ["last_seen_slot"], unique=False)
