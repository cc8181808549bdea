"""the experiment's arm in the snapshots of messages

Revision: 0010, after 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    for table in ("ai_admin_annotations", "review_items"):
        column = sa.Column("experiment_arm", sa.Text(), server_default="", nullable=False)
        op.add_column(table, column)
