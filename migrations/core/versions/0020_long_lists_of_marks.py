"""marks: long lists are merged element by element, too

Revision: 0020, after 0019
"""

from pathlib import Path

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

FUNCTIONS = Path(__file__).parents[1] / "sql" / "0020_functions.sql"


def upgrade() -> None:
    """Apply."""
    op.get_bind().exec_driver_sql(FUNCTIONS.read_text(encoding="utf-8"))
