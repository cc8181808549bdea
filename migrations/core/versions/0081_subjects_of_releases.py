"""subjects of environments apart from those of releases

Revision: 0081, after 0080
"""

from pathlib import Path

from alembic import op

revision = "0081"
down_revision = "0080"
branch_labels = None
depends_on = None

SQL = Path(__file__).parents[1] / "sql" / "subjects_of_releases.sql"


def upgrade() -> None:
    """Apply."""
    op.get_bind().connection.cursor().execute(SQL.read_text())
