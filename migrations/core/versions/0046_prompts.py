"""prompts: versions, labels, shares and ratings; the default prompt becomes one

Revision: 0046, after 0045
"""

from pathlib import Path

from alembic import op

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None

SQL = Path(__file__).parents[1] / "sql" / "prompt_templates.sql"


def upgrade() -> None:
    """Apply."""
    op.get_bind().connection.cursor().execute(SQL.read_text())
