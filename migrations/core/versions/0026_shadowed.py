"""imports note what they say of rows that know it already, so that the undo of another import uncovers it

Revision: 0026, after 0025
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column("import_traces", sa.Column("shadowed", postgresql.JSONB(), nullable=True))
