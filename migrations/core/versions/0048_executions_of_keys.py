"""prompt_executions: the API key that made a call

Revision: 0048, after 0047
"""

import sqlalchemy as sa
from alembic import op

revision = "0048"
down_revision = "0047"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    key = sa.ForeignKey("api_keys.id", ondelete="SET NULL", name="fk_prompt_executions_key_id")
    op.add_column("prompt_executions", sa.Column("key_id", sa.Uuid(), key))
    op.create_index(
        "ix_prompt_executions_key_id_created_at",
        "prompt_executions",
        ["key_id", "created_at"],
        postgresql_where=sa.text("key_id is not null"),
    )
