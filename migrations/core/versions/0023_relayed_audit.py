"""the audit log of `core` holds what was relayed of the one of `ai`, once

Revision: 0023, after 0022
"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column("audit_log", sa.Column("relayed_id", sa.BigInteger(), nullable=True))
    relayed = sa.text("relayed_id is not null")
    op.create_index(op.f("ix_audit_log_relayed_id"), "audit_log", ["relayed_id"], unique=True, postgresql_where=relayed)
