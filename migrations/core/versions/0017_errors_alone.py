"""failed AI requests: the index holds all that they are counted by, so that the rows themselves need not be read

Revision: 0017, after 0016
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

NAME = "ix_ai_request_metrics_errors"


def upgrade() -> None:
    """Apply."""
    op.drop_index(NAME, table_name="ai_request_metrics")
    op.create_index(
        NAME,
        "ai_request_metrics",
        ["created_at", "id"],
        postgresql_include=["environment", "app", "release", "provider", "model", "error_type", "user_id", "conversation_id"],
        postgresql_where=sa.text("status = 'error'"),
    )
