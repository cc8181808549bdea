"""who adjudicated an item of the review queue

Revision: 0016, after 0015
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column("review_items", sa.Column("decided_by", sa.Uuid(), nullable=True))
