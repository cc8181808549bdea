"""evaluation_targets, prompt_label_gates and replays of cases; why a label was moved

Revision: 0071, after 0070
"""

import sqlalchemy as sa
from alembic import op

revision = "0071"
down_revision = "0070"
branch_labels = None
depends_on = None

STATEMENTS = (
    """create table evaluation_targets (
        evaluation_id uuid not null,
        target smallint not null,
        prompt_id uuid,
        prompt_version integer,
        bot_id uuid,
        bot_version integer,
        constraint pk_evaluation_targets primary key (evaluation_id, target),
        constraint fk_evaluation_targets_evaluation_id_evaluation_tests
            foreign key (evaluation_id) references evaluation_tests (id) on delete cascade
    )""",
    """create index ix_evaluation_targets_prompt on evaluation_targets (prompt_id, prompt_version)
        where prompt_id is not null""",
    """create index ix_evaluation_targets_bot on evaluation_targets (bot_id)
        where bot_id is not null""",
    "alter table evaluation_tests add column questions bytea",
    """create index ix_evaluation_cases_case_id on evaluation_cases (case_id)
        where case_id is not null""",
    """create index ix_dataset_cases_origin_id on dataset_cases (origin_id)
        where origin_id is not null""",
    "alter table prompt_label_moves add column evaluation_id uuid, add column reason text",
    """create table prompt_label_gates (
        template_id uuid not null,
        label text not null,
        dataset_id uuid not null,
        dataset_version integer,
        split text not null,
        criteria bytea not null,
        least_rate double precision not null,
        by_lower_bound boolean default false not null,
        set_by uuid,
        set_at timestamptz default now() not null,
        id uuid not null,
        constraint pk_prompt_label_gates primary key (id),
        constraint uq_prompt_label_gates_template_id_label unique (template_id, label),
        constraint fk_prompt_label_gates_template_id_prompt_labels
            foreign key (template_id, label) references prompt_labels (template_id, name)
            on delete cascade,
        constraint fk_prompt_label_gates_set_by_admin_users
            foreign key (set_by) references admin_users (id) on delete set null,
        constraint ck_prompt_label_gates_split check (split in ('all', 'tune', 'holdout'))
    )""",
    """create index ix_prompt_label_gates_set_by on prompt_label_gates (set_by)""",
    """alter table playground_replays
        alter column conversation_id drop not null,
        alter column message_id drop not null,
        add column evaluation_id uuid,
        add column case_id uuid,
        add column texts bytea,
        add constraint ck_playground_replays_source
            check (num_nonnulls(message_id, texts) = 1)""",
)


def upgrade() -> None:
    """Apply."""
    for statement in STATEMENTS:
        op.execute(sa.text(statement))
