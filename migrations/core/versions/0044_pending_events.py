"""stored events from which users, their days, parts and subjects are yet to be derived

Revision: 0044, after 0043
"""

import sqlalchemy as sa
from alembic import op

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None

NULLABLE = ("user_name", "session_id")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "pending_events",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column(
            "stored_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        *(
            sa.Column(name, sa.Text(), nullable=name in NULLABLE)
            for name in (*NULLABLE, "event_type", "environment", "app")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pending_events")),
    )
