"""preference_pairs: two answers to the same messages, of which somebody preferred one

Revision: 0013, after 0012
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

STATEMENTS = (
    """create table preference_pairs (
        id uuid constraint pk_preference_pairs primary key,
        origin text not null,
        origin_id uuid not null,
        rejected_place smallint not null,
        prompt jsonb not null,
        chosen text not null,
        rejected text not null,
        chosen_model text not null,
        rejected_model text not null,
        chosen_prompt text not null,
        rejected_prompt text not null,
        reason text,
        voter uuid not null,
        is_blind boolean not null,
        created_at timestamptz not null default now(),
        constraint uq_preference_pairs_origin_id_rejected_place
            unique (origin_id, rejected_place)
    )""",
    "create index ix_preference_pairs_created_at_id on preference_pairs (created_at, id)",
)


def upgrade() -> None:
    """Apply."""
    for statement in STATEMENTS:
        op.execute(sa.text(statement))
