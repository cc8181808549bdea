"""types of errors by prompt version, arm and tool

Revision: 0082, after 0081
"""

import sqlalchemy as sa
from alembic import op

revision = "0082"
down_revision = "0081"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.drop_index("ix_ai_request_metrics_errors", "ai_request_metrics")
    op.create_index(
        "ix_ai_request_metrics_errors",
        "ai_request_metrics",
        ["created_at", "id"],
        postgresql_include=[
            "environment",
            "app",
            "release",
            "provider",
            "model",
            "error_type",
            "user_id",
            "conversation_id",
            "prompt_name",
            "prompt_version",
            "prompt_label",
            "experiment_key",
            "experiment_arm",
        ],
        postgresql_where=sa.text("status = 'error'"),
    )
    op.create_index(
        "ix_ai_request_metrics_tool_errors",
        "ai_request_metrics",
        ["created_at", "id"],
        postgresql_where=sa.text("status = 'error' and tool_calls_count > 0"),
    )
