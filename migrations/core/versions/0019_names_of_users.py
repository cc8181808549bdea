"""users: their id, address and name in one column and in small letters, to be looked through for a part of them

Revision: 0019, after 0018
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

NAMES = "lower(external_id || chr(10) || coalesce(email, ''::text) || chr(10) || coalesce(display_name, ''::text))"


def upgrade() -> None:
    """Apply."""
    op.add_column("users", sa.Column("search", sa.Text(), sa.Computed(NAMES, persisted=True), nullable=False))
