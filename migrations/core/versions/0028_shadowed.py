"""imports note what they say of rows that know it already, so that the undo of another import uncovers it

Revision: 0028, after 0027
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column("import_traces", sa.Column("shadowed", postgresql.JSONB(), nullable=True))
