"""weekly digests, and to whom they were sent

Revision: 0041, after 0040
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "digests",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("week", sa.Date(), nullable=False),
        sa.Column("starts_at", TIME, nullable=False),
        sa.Column("ends_at", TIME, nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("content", JSONB(), nullable=False),
        sa.Column("created_at", TIME, server_default=sa.text("now()"), nullable=False),
        sa.UniqueConstraint("week", name="uq_digests_week"),
    )
    op.create_table(
        "digest_deliveries",
        *(
            sa.Column(
                name,
                sa.Uuid(),
                sa.ForeignKey(
                    f"{table}.id", ondelete="CASCADE", name=f"fk_digest_deliveries_{name}"
                ),
                primary_key=True,
            )
            for name, table in (("digest_id", "digests"), ("admin_user_id", "admin_users"))
        ),
        sa.Column("sent_at", TIME),
    )
    op.create_index("ix_digest_deliveries_admin_user_id", "digest_deliveries", ["admin_user_id"])
