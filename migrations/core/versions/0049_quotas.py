"""quotas, usage_counters and usage_reservations: what calls of models may use

Revision: 0049, after 0048
"""

import sqlalchemy as sa
from alembic import op

revision = "0049"
down_revision = "0048"
branch_labels = None
depends_on = None

STATEMENTS = (
    """create table quotas (
        id uuid constraint pk_quotas primary key,
        scope varchar(16) not null
            constraint ck_quotas_scope check (scope in ('workspace', 'role', 'account', 'key')),
        role varchar(16) constraint ck_quotas_role
            check (role in ('super_admin', 'admin', 'analyst', 'reviewer')),
        account_id uuid constraint fk_quotas_account_id
            references admin_users (id) on delete cascade,
        key_id uuid constraint fk_quotas_key_id references api_keys (id) on delete cascade,
        measure varchar(16) not null
            constraint ck_quotas_measure check (measure in ('calls', 'tokens', 'cost')),
        period varchar(16) not null
            constraint ck_quotas_period check (period in ('minute', 'day', 'month')),
        amount numeric(20, 8) not null constraint ck_quotas_amount check (amount > 0),
        only_observes boolean not null default false,
        created_at timestamptz not null default now(),
        constraint ck_quotas_target check (num_nonnulls(role, account_id, key_id)
            = case when scope = 'workspace' then 0 else 1 end)
    )""",
    """create unique index uq_quotas_target_measure_period
        on quotas (scope, role, account_id, key_id, measure, period) nulls not distinct""",
    "create index ix_quotas_account_id on quotas (account_id)",
    "create index ix_quotas_key_id on quotas (key_id)",
    """create table usage_counters (
        quota_id uuid not null constraint fk_usage_counters_quota_id
            references quotas (id) on delete cascade,
        subject uuid not null,
        period_start timestamptz not null,
        used numeric(20, 8) not null default 0,
        reserved numeric(20, 8) not null default 0,
        over integer not null default 0,
        constraint pk_usage_counters primary key (quota_id, subject, period_start)
    )""",
    """create table usage_reservations (
        execution_id uuid not null,
        quota_id uuid not null constraint fk_usage_reservations_quota_id
            references quotas (id) on delete cascade,
        subject uuid not null,
        period_start timestamptz not null,
        amount numeric(20, 8) not null,
        constraint pk_usage_reservations primary key (execution_id, quota_id)
    )""",
    "create index ix_usage_reservations_quota_id on usage_reservations (quota_id)",
)


def upgrade() -> None:
    """Apply."""
    for statement in STATEMENTS:
        op.execute(sa.text(statement))
