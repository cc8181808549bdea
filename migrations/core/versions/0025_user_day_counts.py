"""count users by day and by the day on which they were active before: distinct users of any range of days are one sum

Revision: 0025, after 0024
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

FUNCTIONS = Path(__file__).parents[1] / "sql" / "0025_user_day_counts.sql"


def upgrade() -> None:
    """Apply."""
    op.add_column("user_spans", sa.Column("previous_day", sa.Date(), server_default=sa.text("'-infinity'::date"), nullable=False))
    op.create_table(
        "user_day_counts",
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("app", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("previous_day", sa.Date(), nullable=False),
        sa.Column("users", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("environment", "app", "day", "previous_day", name=op.f("pk_user_day_counts")),
    )
    op.create_table(
        "user_day_count_deltas",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("app", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("previous_day", sa.Date(), nullable=False),
        sa.Column("users", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_day_count_deltas")),
    )
    op.get_bind().exec_driver_sql(FUNCTIONS.read_text(encoding="utf-8"))
