"""undo of imports: what they changed, and what finds their rows

Revision: 0009, after 0008
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

FUNCTIONS = Path(__file__).parents[1] / "sql" / "0009_functions.sql"
IMPORTED = sa.text("import_id is not null")


def upgrade() -> None:
    """Apply."""
    # Not through SQLAlchemy, which would look for placeholders.
    op.get_bind().connection.cursor().execute(FUNCTIONS.read_text())
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
    op.add_column("user_days", sa.Column("import_id", sa.Uuid(), nullable=True))
    op.create_index("ix_user_days_import", "user_days", ["import_id"], unique=False, postgresql_where=IMPORTED)
    op.add_column("messages", sa.Column("import_id", sa.Uuid(), nullable=True))
    op.create_index("ix_messages_import", "messages", ["import_id"], unique=False, postgresql_where=IMPORTED)
    for table in ("user_activity_events", "ai_request_metrics"):
        columns = ["import_id", "created_at", "id"]
        op.create_index(f"ix_{table}_import", table, columns, unique=False, postgresql_where=IMPORTED)
