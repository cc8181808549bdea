"""conversations: no cost and no tokens are null; prompt_executions keep their price

Revision: 0033, after 0032
"""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    for total in ("total_tokens", "total_cost_usd"):
        op.alter_column("conversations", total, nullable=True, server_default=None)
    # Until now, 0 stood for both: nothing, and not known.
    op.execute("""
        update conversations set total_tokens = null where total_tokens = 0 and not exists (
            select 1 from messages where conversation_id = conversations.id
                and tokens is not null)""")
    op.execute("""
        update conversations set total_cost_usd = null where total_cost_usd = 0 and not exists (
            select 1 from messages where conversation_id = conversations.id
                and cost_usd is not null)""")
    op.add_column("prompt_executions", sa.Column("price_id", sa.Uuid()))
