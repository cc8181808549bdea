"""conversation_notes: notes of colleagues, and whom they mention

Revision: 0038, after 0037
"""

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "conversation_notes",
        sa.Column(
            "conversation_id",
            sa.Uuid(),
            sa.ForeignKey("conversations.id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("author_id", sa.Uuid(), sa.ForeignKey("admin_users.id", ondelete="SET NULL")),
        sa.Column("author_name", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("created_at", moment, server_default=sa.text("now()"), nullable=False),
    )
    for column in ("conversation_id", "author_id"):
        op.create_index(op.f(f"ix_conversation_notes_{column}"), "conversation_notes", [column])
    op.create_table(
        "conversation_note_mentions",
        sa.Column(
            "note_id",
            sa.Uuid(),
            sa.ForeignKey("conversation_notes.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column(
            "account_id",
            sa.Uuid(),
            sa.ForeignKey("admin_users.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("seen_at", moment),
    )
    op.create_index(
        op.f("ix_conversation_note_mentions_account_id"),
        "conversation_note_mentions",
        ["account_id"],
    )
