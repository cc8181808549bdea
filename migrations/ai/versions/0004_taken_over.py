"""taken over: an index of what stood in a row before an import, by whose it was, so that an undo need not look at all traces

Revision: 0004, after 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_index(
        "ix_import_traces_taken_over",
        "import_traces",
        ["kind", sa.text("(before ->> 'import_id')"), "row_id"],
        postgresql_where=sa.text("before ->> 'import_id' is not null"),
    )
