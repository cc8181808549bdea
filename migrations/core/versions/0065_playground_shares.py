"""playground_shares: the accounts that may read a session

Revision: 0065, after 0064
"""

import sqlalchemy as sa
from alembic import op

revision = "0065"
down_revision = "0064"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "playground_shares",
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("admin_user_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["playground_sessions.id"],
            name=op.f("fk_playground_shares_session_id_playground_sessions"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["admin_user_id"],
            ["admin_users.id"],
            name=op.f("fk_playground_shares_admin_user_id_admin_users"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("session_id", "admin_user_id", name=op.f("pk_playground_shares")),
    )
    op.create_index(
        op.f("ix_playground_shares_admin_user_id"), "playground_shares", ["admin_user_id"]
    )
