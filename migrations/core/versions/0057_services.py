"""services: external programs that answer executions by callback

Revision: 0057, after 0056
"""

import sqlalchemy as sa
from alembic import op

revision = "0057"
down_revision = "0056"
branch_labels = None
depends_on = None

STATEMENTS = (
    """create table services (
        id uuid constraint pk_services primary key,
        name varchar(100) not null,
        chat_url text not null,
        upload_url text,
        token bytea,
        callback_secret bytea not null,
        is_active boolean not null default false,
        production boolean not null default false,
        status varchar(16) not null default 'untested' constraint ck_services_status
            check (status in ('untested', 'working', 'failing', 'unauthorized')),
        status_detail text,
        checked_at timestamptz,
        last_callback_at timestamptz,
        updated_at timestamptz not null default now(),
        created_at timestamptz not null default now()
    )""",
    "create unique index uq_services_active on services (is_active) where is_active",
    """alter table prompt_executions
        add column service_id uuid,
        add column late boolean not null default false,
        alter column instance drop not null""",
)


def upgrade() -> None:
    """Apply."""
    for statement in STATEMENTS:
        op.execute(sa.text(statement))
