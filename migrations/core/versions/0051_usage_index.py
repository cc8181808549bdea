"""prompt_executions: an index that answers usage of a period by itself

Revision: 0051, after 0050
"""

from alembic import op

revision = "0051"
down_revision = "0050"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_index(
        "ix_prompt_executions_created_at",
        "prompt_executions",
        ["created_at"],
        postgresql_include=[
            "owner",
            "key_id",
            "template_version_id",
            "model_id",
            "status",
            "input_tokens",
            "output_tokens",
            "cost_usd",
            "execution_time_ms",
        ],
    )
