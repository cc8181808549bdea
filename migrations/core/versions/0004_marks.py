"""marks: lists of marks are merged element by element

Revision: 0004, after 0003
"""

from pathlib import Path

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

FUNCTIONS = Path(__file__).parents[1] / "sql" / "0004_functions.sql"


def upgrade() -> None:
    """Apply."""
    op.get_bind().exec_driver_sql(FUNCTIONS.read_text(encoding="utf-8"))
