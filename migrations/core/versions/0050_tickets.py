"""tickets

Revision: 0050, after 0049
"""

import sqlalchemy as sa
from alembic import op

revision = "0050"
down_revision = "0049"
branch_labels = None
depends_on = None

INDEXED = (("created_at", "id"), ("status", "created_at"), ("created_by",), ("conversation_id",))


def upgrade() -> None:
    """Apply."""
    now, moment = sa.text("now()"), sa.DateTime(timezone=True)
    conversation = sa.ForeignKey(
        "conversations.id", ondelete="SET NULL", name="fk_tickets_conversation_id"
    )
    account = sa.ForeignKey("admin_users.id", ondelete="SET NULL", name="fk_tickets_created_by")
    op.create_table(
        "tickets",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("priority", sa.String(16), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), conversation),
        sa.Column("created_by", sa.Uuid(), account),
        sa.Column("updated_at", moment, server_default=now, nullable=False),
        sa.Column("created_at", moment, server_default=now, nullable=False),
        sa.CheckConstraint(
            "priority in ('low', 'normal', 'high', 'urgent')", name="ck_tickets_priority"
        ),
        sa.CheckConstraint("status in ('open', 'in_progress', 'closed')", name="ck_tickets_status"),
    )
    for columns in INDEXED:
        op.create_index(f"ix_tickets_{'_'.join(columns)}", "tickets", list(columns))
