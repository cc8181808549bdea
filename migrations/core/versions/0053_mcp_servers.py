"""mcp_servers: programs with tools that models may call

Revision: 0053, after 0052
"""

import sqlalchemy as sa
from alembic import op

revision = "0053"
down_revision = "0052"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.execute(
        sa.text(
            """create table mcp_servers (
                id uuid constraint pk_mcp_servers primary key,
                name varchar(20) not null constraint uq_mcp_servers_name unique,
                url text not null,
                token bytea,
                status varchar(16) not null default 'untested' constraint ck_mcp_servers_status
                    check (status in ('untested', 'working', 'failing')),
                status_detail text,
                checked_at timestamptz,
                tools jsonb not null default '[]'::jsonb,
                created_at timestamptz not null default now()
            )"""
        )
    )
