"""import_traces: one trace an import and row

Revision: 0008, after 0007
"""

from pathlib import Path

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

SQL = Path(__file__).parents[2] / "core" / "sql" / "import_traces.sql"  # the same as in `core`


def upgrade() -> None:
    """Apply."""
    op.drop_index("ix_import_traces_taken_over", "import_traces")
    op.get_bind().connection.cursor().execute(SQL.read_text())
