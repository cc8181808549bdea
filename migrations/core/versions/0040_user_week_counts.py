"""engagement: retention by first week, a sample of subjects for paths, saved views of the page

Revision: 0040, after 0039
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None

PAGES = (
    "overview",
    "users",
    "onboarding",
    "engagement",
    "ai-metrics",
    "batch-history",
    "conversations",
    "annotations",
    "documents",
    "memories",
    "feedback",
)
SQL = Path(__file__).parents[1] / "sql"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "user_week_counts",
        *_columns(),
        sa.PrimaryKeyConstraint(
            "environment", "app", "first_week", "week", name=op.f("pk_user_week_counts")
        ),
    )
    op.create_table(
        "user_week_count_deltas",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        *_columns(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_week_count_deltas")),
    )
    cursor = op.get_bind().connection.cursor()
    cursor.execute((SQL / "user_week_counts.sql").read_text())
    cursor.execute((SQL / "paths.sql").read_text())
    op.create_index(
        "ix_subjects_sample",
        "subjects",
        ["environment", "app", "sample"],
        unique=False,
        postgresql_where=sa.text("sample < 16"),
    )
    # The convention of names has prefixed the one that 0039 gave
    op.drop_constraint(op.f("ck_saved_views_ck_saved_views_page"), "saved_views")
    op.create_check_constraint(
        op.f("ck_saved_views_page"),
        "saved_views",
        f"page in ({', '.join(repr(page) for page in PAGES)})",
    )


def _columns() -> list["sa.Column[object]"]:
    return [
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("app", sa.Text(), nullable=False),
        sa.Column("first_week", sa.Date(), nullable=False),
        sa.Column("week", sa.Date(), nullable=False),
        sa.Column("users", sa.BigInteger(), nullable=False),
    ]
