"""indexes of the beginnings of names and IDs of users, conversations and batch runs

Revision: 0073, after 0072
"""

import sqlalchemy as sa
from alembic import op

revision = "0073"
down_revision = "0072"
branch_labels = None
depends_on = None

INDEXES = (
    ("ix_users_id_prefix", "users", "external_id"),
    ("ix_users_email_prefix", "users", "email"),
    ("ix_users_name_prefix", "users", "display_name"),
    ("ix_conversations_id_prefix", "conversations", "external_id"),
    ("ix_conversations_title_prefix", "conversations", "title"),
    ("ix_batch_run_history_id_prefix", "batch_run_history", "batch_run_id"),
    ("ix_batch_run_history_job_prefix", "batch_run_history", "batch_job"),
)


def upgrade() -> None:
    """Apply."""
    for name, table, column in INDEXES:
        lowered = f"lower({column}) text_pattern_ops"
        op.execute(
            sa.text(f"create index {name} on {table} ({lowered}) where {column} is not null")
        )
