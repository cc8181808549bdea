"""subjects: an index sees to it that there is one whole row of each

Revision: 0021, after 0020
"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_index(
        "ix_subjects_whole", "subjects", ["subject", "environment"], unique=True, postgresql_where=sa.text("is_whole")
    )
