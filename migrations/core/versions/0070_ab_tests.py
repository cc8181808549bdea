"""ab_test_configurations and ab_test_results

Revision: 0070, after 0069
"""

from alembic import op

revision = "0070"
down_revision = "0069"
branch_labels = None
depends_on = None

STATEMENTS = (
    """create table ab_test_configurations (
        id uuid constraint pk_ab_test_configurations primary key,
        user_id uuid not null constraint fk_ab_test_configurations_user_id_admin_users
            references admin_users (id) on delete cascade,
        test_name bytea not null,
        description bytea not null,
        variants jsonb not null,
        definition bytea not null,
        evaluation_id uuid constraint fk_ab_test_configurations_evaluation_id_evaluation_tests
            references evaluation_tests (id) on delete set null,
        metrics jsonb,
        is_running boolean not null default false,
        start_date timestamptz,
        end_date timestamptz,
        created_at timestamptz not null default now(),
        updated_at timestamptz not null default now()
    )""",
    """create index ix_ab_test_configurations_user_id_created_at
        on ab_test_configurations (user_id, created_at)""",
    """create index ix_ab_test_configurations_evaluation_id
        on ab_test_configurations (evaluation_id)""",
    """create table ab_test_results (
        id uuid constraint pk_ab_test_results primary key,
        ab_test_id uuid not null constraint fk_ab_test_results_ab_test_id_ab_test_configurations
            references ab_test_configurations (id) on delete cascade,
        evaluation_id uuid not null constraint fk_ab_test_results_evaluation_id_evaluation_tests
            references evaluation_tests (id) on delete cascade,
        position integer not null,
        variant text not null constraint ck_ab_test_results_variant check (variant in ('A', 'B')),
        run smallint not null,
        is_failed boolean not null,
        quality_score double precision,
        response_time_ms integer,
        cost_usd numeric(14, 8),
        personality_analysis jsonb,
        analysis_problem bytea,
        constraint uq_ab_test_results_ab_test_id_position_variant_run
            unique (ab_test_id, position, variant, run)
    )""",
    "create index ix_ab_test_results_evaluation_id on ab_test_results (evaluation_id)",
)


def upgrade() -> None:
    """Apply."""
    for statement in STATEMENTS:
        op.execute(statement)
