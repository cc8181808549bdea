"""spans of users: one index that holds all that is asked of them

Revision: 0018, after 0017
"""

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    for column in ("first_day", "last_day"):
        op.drop_index(op.f(f"ix_user_spans_environment_app_{column}"), table_name="user_spans")
    op.create_index(
        op.f("ix_user_spans_environment_app_first_day"),
        "user_spans",
        ["environment", "app", "first_day"],
        unique=False,
        postgresql_include=["last_day", "user_id"],
    )
