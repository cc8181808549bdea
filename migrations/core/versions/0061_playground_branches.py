"""playground_messages: which message each follows; playground_sessions: which branch is shown

Revision: 0061, after 0060
"""

import sqlalchemy as sa
from alembic import op

revision = "0061"
down_revision = "0060"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column("playground_messages", sa.Column("parent_position", sa.Integer()))
    op.add_column("playground_sessions", sa.Column("leaf_position", sa.Integer()))
