"""since when and until when users were there: who is new, and who has been in an environment at all

Revision: 0013, after 0012
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

FUNCTIONS = Path(__file__).parents[1] / "sql" / "0013_user_spans.sql"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "user_spans",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("app", sa.Text(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "environment", "app", name=op.f("pk_user_spans")),
    )
    op.get_bind().exec_driver_sql(FUNCTIONS.read_text(encoding="utf-8"))
    for column in ("first_day", "last_day"):
        name = op.f(f"ix_user_spans_environment_app_{column}")
        op.create_index(name, "user_spans", ["environment", "app", column], unique=False)
