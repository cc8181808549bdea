"""users by when they came, sessions without a user, and the order of a run's phases

Revision: 0010, after 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_index(op.f("ix_users_first_seen_at"), "users", ["first_seen_at"], unique=False)
    op.create_index(
        "ix_subjects_anonymous",
        "subjects",
        ["environment", "app", "reached_1", "subject"],
        unique=False,
        postgresql_where=sa.text("subject like 's:%'"),
    )
    op.add_column("batch_run_history", sa.Column("phase_order", sa.ARRAY(sa.Text()), nullable=True))
