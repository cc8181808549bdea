"""sorting and errors: conversations by messages, error summaries that are objects

Revision: 0034, after 0033
"""

from alembic import op
from sqlalchemy import Boolean, Column

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_index(
        "ix_conversations_environment_message_count_id",
        "conversations",
        ["environment", "message_count", "id"],
    )
    op.add_column("batch_run_history", Column("error_is_object", Boolean()))
