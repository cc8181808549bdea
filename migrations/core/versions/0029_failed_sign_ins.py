"""failed sign-ins are counted by network and hour

Revision: 0029, after 0028
"""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "sign_in_failure_hours",
        sa.Column("network", sa.Text(), nullable=False),
        sa.Column("hour", sa.DateTime(timezone=True), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("audit_id", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("network", "hour", name=op.f("pk_sign_in_failure_hours")),
    )
    op.create_index(op.f("ix_sign_in_failure_hours_hour"), "sign_in_failure_hours", ["hour"], unique=False)
