"""saved_views: the figure on a pinned view's card

Revision: 0084, after 0083
"""

import sqlalchemy as sa
from alembic import op

revision = "0084"
down_revision = "0083"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column("saved_views", sa.Column("figure", sa.String(32)))
