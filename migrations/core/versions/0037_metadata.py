"""metadata of executions and sessions, encrypted as their texts are

Revision: 0037, after 0036
"""

from alembic import op
from sqlalchemy import Column, LargeBinary

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    for table in ("prompt_executions", "playground_sessions"):
        op.add_column(table, Column("metadata", LargeBinary()))
