"""rate_limit_windows: calls of the API in a minute, counted over all processes

Revision: 0054, after 0053
"""

import sqlalchemy as sa
from alembic import op

revision = "0054"
down_revision = "0053"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.execute(
        sa.text(
            """create unlogged table rate_limit_windows (
                kind varchar(16) not null constraint ck_rate_limit_windows_kind
                    check (kind in ('standard', 'streaming')),
                subject uuid not null,
                began_at timestamptz not null,
                calls integer not null,
                constraint pk_rate_limit_windows primary key (kind, subject)
            ) with (fillfactor = 50)"""
        )
    )
