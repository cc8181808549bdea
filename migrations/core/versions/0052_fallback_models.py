"""prompt_executions: the model that was asked for, when the fallback model answered

Revision: 0052, after 0051
"""

import sqlalchemy as sa
from alembic import op

revision = "0052"
down_revision = "0051"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column("prompt_executions", sa.Column("fallback_for", sa.Text()))
