"""undo of imports: what they changed, and what finds their rows

Revision: 0003, after 0002
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

IMPORTED = sa.text("import_id is not null")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "import_traces",
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("row_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("noted_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("before", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("after", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.PrimaryKeyConstraint("import_id", "kind", "row_id", "number", name=op.f("pk_import_traces")),
    )
    op.create_index(op.f("ix_import_traces_row_id_kind"), "import_traces", ["row_id", "kind"], unique=False)
    for table in ("ai_feedback", "ai_kb_documents", "ai_memories"):
        op.create_index(f"ix_{table}_import", table, ["import_id"], unique=False, postgresql_where=IMPORTED)
