"""playground_sessions: description, project and tags, and which are in the trash

Revision: 0058, after 0057
"""

import sqlalchemy as sa
from alembic import op

revision = "0058"
down_revision = "0057"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.execute(
        sa.text(
            """alter table playground_sessions
                add column description bytea,
                add column project text,
                add column tags text[] not null default '{}',
                add column in_trash boolean not null default false"""
        )
    )
