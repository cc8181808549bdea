"""prompt_executions: which answers may be given again, and which were

Revision: 0055, after 0054
"""

import sqlalchemy as sa
from alembic import op

revision = "0055"
down_revision = "0054"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column("prompt_executions", sa.Column("cache_key", sa.LargeBinary()))
    op.add_column("prompt_executions", sa.Column("cached_from", sa.Uuid()))
    op.create_index(
        "ix_prompt_executions_cache_key",
        "prompt_executions",
        ["cache_key"],
        postgresql_where=sa.text("cache_key is not null"),
    )
    # Usage counts the answers from the cache in the same pass
    op.drop_index("ix_prompt_executions_created_at")
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
            "cached_from",
        ],
    )
