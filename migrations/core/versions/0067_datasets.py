"""datasets, dataset_versions, dataset_cases

Revision: 0067, after 0065
"""

import sqlalchemy as sa
from alembic import op

revision = "0067"
down_revision = "0065"
branch_labels = None
depends_on = None

STATEMENTS = (
    """create table datasets (
        id uuid not null,
        owner uuid,
        name text not null,
        description bytea not null,
        tags text[] not null default '{}',
        visibility text not null default 'private',
        version integer not null default 0,
        case_count integer not null default 0,
        last_position integer not null default 0,
        updated_at timestamptz not null default now(),
        created_at timestamptz not null default now(),
        constraint pk_datasets primary key (id),
        constraint fk_datasets_owner_admin_users foreign key (owner)
            references admin_users (id) on delete set null,
        constraint ck_datasets_visibility check (visibility in ('private', 'shared')))""",
    "create unique index uq_datasets_owner_name on datasets (owner, lower(name))",
    """create table dataset_versions (
        dataset_id uuid not null,
        number integer not null,
        case_count integer not null,
        added integer not null,
        removed integer not null,
        note text not null,
        created_by uuid,
        created_at timestamptz not null default now(),
        constraint pk_dataset_versions primary key (dataset_id, number),
        constraint fk_dataset_versions_dataset_id_datasets foreign key (dataset_id)
            references datasets (id) on delete cascade,
        constraint fk_dataset_versions_created_by_admin_users foreign key (created_by)
            references admin_users (id) on delete set null)""",
    """create table dataset_cases (
        id uuid not null,
        dataset_id uuid not null,
        case_id uuid not null,
        position integer not null,
        added_in integer not null,
        removed_in integer,
        texts bytea not null,
        tags text[] not null default '{}',
        split text not null,
        origin text not null,
        conversation_id uuid,
        origin_id uuid,
        created_at timestamptz not null default now(),
        constraint pk_dataset_cases primary key (id),
        constraint fk_dataset_cases_dataset_id_datasets foreign key (dataset_id)
            references datasets (id) on delete cascade,
        constraint uq_dataset_cases_dataset_id_case_id_added_in
            unique (dataset_id, case_id, added_in),
        constraint ck_dataset_cases_split check (split in ('tune', 'holdout')),
        constraint ck_dataset_cases_origin check (origin in
            ('annotation', 'conversation', 'vote', 'import', 'hand', 'model')))""",
    """create index ix_dataset_cases_dataset_id_position_added_in
        on dataset_cases (dataset_id, position, added_in)""",
    """create index ix_dataset_cases_conversation_id on dataset_cases (conversation_id)
        where conversation_id is not null""",
)


def upgrade() -> None:
    """Apply."""
    for statement in STATEMENTS:
        op.execute(sa.text(statement))
