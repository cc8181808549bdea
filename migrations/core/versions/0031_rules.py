"""rules that many statements share, as functions

Revision: 0031, after 0030
"""

from pathlib import Path

from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    # Straight to the driver: this SQL has colons and percent signs that are no parameters.
    op.get_bind().connection.cursor().execute(
        (Path(__file__).parents[1] / "sql" / "rules.sql").read_text()
    )
