"""knowledge: what was changed in documents, by whom, and memories found by words

Revision: 0006, after 0005
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

STATE = postgresql.JSONB(none_as_null=True, astext_type=sa.Text())
SEARCHED = sa.Computed("to_tsvector('simple', left(content, 50000))", persisted=True)


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "ai_kb_document_changes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("by", sa.Uuid(), nullable=False),
        sa.Column("by_name", sa.Text(), nullable=False),
        sa.Column("before", STATE, nullable=True),
        sa.Column("after", STATE, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ai_kb_document_changes")),
    )
    op.create_index(
        op.f("ix_ai_kb_document_changes_document_id_at"), "ai_kb_document_changes", ["document_id", "at"], unique=False
    )
    op.add_column("ai_memories", sa.Column("search", postgresql.TSVECTOR(), SEARCHED, nullable=True))
    op.create_index("ix_ai_memories_search", "ai_memories", ["search"], unique=False, postgresql_using="gin")
    op.create_index(op.f("ix_ai_memories_updated_at"), "ai_memories", ["updated_at"], unique=False)
