"""comparisons: sessions that are sent the same messages, and votes on their answers

Revision: 0059, after 0058
"""

import sqlalchemy as sa
from alembic import op

revision = "0059"
down_revision = "0058"
branch_labels = None
depends_on = None

STATEMENTS = (
    "alter table playground_sessions add column in_comparison boolean not null default false",
    """create table comparisons (
        id uuid constraint pk_comparisons primary key,
        owner uuid not null constraint fk_comparisons_owner
            references admin_users (id) on delete cascade,
        blind boolean not null,
        columns jsonb not null,
        kept smallint,
        updated_at timestamptz not null default now(),
        created_at timestamptz not null default now()
    )""",
    "create index ix_comparisons_owner_updated_at on comparisons (owner, updated_at)",
    """create table comparison_turns (
        id uuid constraint pk_comparison_turns primary key,
        comparison_id uuid not null constraint fk_comparison_turns_comparison_id
            references comparisons (id) on delete cascade,
        number integer not null,
        answers jsonb not null,
        outcome text constraint ck_comparison_turns_outcome
            check (outcome in ('better', 'tie', 'both_bad')),
        winner smallint,
        reason bytea,
        is_blind boolean not null default false,
        models jsonb,
        voted_at timestamptz,
        created_at timestamptz not null default now(),
        constraint uq_comparison_turns_comparison_id_number unique (comparison_id, number)
    )""",
    "create index ix_comparison_turns_voted_at on comparison_turns (voted_at)",
)


def upgrade() -> None:
    """Apply."""
    for statement in STATEMENTS:
        op.execute(sa.text(statement))
