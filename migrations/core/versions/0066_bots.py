"""bots: configurations and their versions, scenarios and runs, test results and their figures

Revision: 0066, after 0065
"""

import sqlalchemy as sa
from alembic import op

revision = "0066"
down_revision = "0065"
branch_labels = None
depends_on = None

STATEMENTS = (
    """create table bot_configurations (
        id uuid constraint pk_bot_configurations primary key,
        user_id uuid not null constraint fk_bot_configurations_user_id_admin_users
            references admin_users (id) on delete cascade,
        bot_name text not null,
        avatar_emoji text not null,
        personality_traits jsonb not null,
        response_style text not null constraint ck_bot_configurations_response_style
            check (response_style in ('concise', 'detailed', 'conversational')),
        custom_instructions text not null,
        knowledge jsonb not null,
        parameters jsonb not null,
        visibility text not null constraint ck_bot_configurations_visibility
            check (visibility in ('private', 'shared')),
        is_active boolean not null default false,
        version integer not null,
        created_at timestamptz not null default now(),
        updated_at timestamptz not null default now()
    )""",
    "create index ix_bot_configurations_user_id on bot_configurations (user_id)",
    """create unique index uq_bot_configurations_active
        on bot_configurations (user_id) where is_active""",
    """create table bot_configuration_versions (
        id uuid constraint pk_bot_configuration_versions primary key,
        bot_config_id uuid not null
            constraint fk_bot_configuration_versions_bot_config_id_bot_configurations
            references bot_configurations (id) on delete cascade,
        number integer not null,
        content jsonb not null,
        note text not null,
        created_by uuid constraint fk_bot_configuration_versions_created_by_admin_users
            references admin_users (id) on delete set null,
        created_at timestamptz not null default now(),
        constraint uq_bot_configuration_versions_bot_config_id_number unique (bot_config_id, number)
    )""",
    """create index ix_bot_configuration_versions_created_by
        on bot_configuration_versions (created_by)""",
    """create table test_scenarios (
        id uuid constraint pk_test_scenarios primary key,
        user_id uuid constraint fk_test_scenarios_user_id_admin_users
            references admin_users (id) on delete cascade,
        name text not null,
        description text not null,
        goal text not null,
        user_messages text[] not null,
        expected_outcomes text[] not null,
        is_active boolean not null default true,
        created_at timestamptz not null default now(),
        updated_at timestamptz not null default now()
    )""",
    "create index ix_test_scenarios_user_id on test_scenarios (user_id)",
    """create table scenario_runs (
        id uuid constraint pk_scenario_runs primary key,
        user_id uuid not null constraint fk_scenario_runs_user_id_admin_users
            references admin_users (id) on delete cascade,
        bot_config_id uuid not null constraint fk_scenario_runs_bot_config_id_bot_configurations
            references bot_configurations (id) on delete cascade,
        bot_version integer,
        content jsonb not null,
        scenario_ids uuid[] not null,
        mode text not null constraint ck_scenario_runs_mode
            check (mode in ('conversation', 'messages', 'simulated')),
        turns smallint not null,
        model_id text not null,
        judge_model_id text,
        status text not null constraint ck_scenario_runs_status
            check (status in ('queued', 'running', 'completed', 'failed', 'cancelled')),
        total integer not null,
        done integer not null default 0,
        error text,
        created_at timestamptz not null default now(),
        finished_at timestamptz
    )""",
    "create index ix_scenario_runs_user_id_created_at on scenario_runs (user_id, created_at)",
    "create index ix_scenario_runs_bot_config_id on scenario_runs (bot_config_id)",
    """create table playground_test_results (
        id uuid constraint pk_playground_test_results primary key,
        user_id uuid not null constraint fk_playground_test_results_user_id_admin_users
            references admin_users (id) on delete cascade,
        bot_config_id uuid not null
            constraint fk_playground_test_results_bot_config_id_bot_configurations
            references bot_configurations (id) on delete cascade,
        bot_version integer,
        test_scenario_id uuid
            constraint fk_playground_test_results_test_scenario_id_test_scenarios
            references test_scenarios (id) on delete set null,
        run_id uuid constraint fk_playground_test_results_run_id_scenario_runs
            references scenario_runs (id) on delete cascade,
        position integer not null default 1,
        test_message bytea not null,
        bot_response bytea not null,
        details bytea not null,
        traits jsonb not null,
        model_id text not null,
        judge_model_id text,
        execution_id uuid constraint fk_playground_test_results_execution_id_prompt_executions
            references prompt_executions (id) on delete set null,
        response_time_ms integer,
        finish_reason text,
        cost_usd numeric(14, 8),
        confidence_score numeric(5, 2),
        personality_analysis jsonb,
        knowledge_sources text[] not null,
        knowledge_coverage numeric(5, 4),
        outcomes_met smallint not null default 0,
        outcomes_checked smallint not null default 0,
        created_at timestamptz not null default now(),
        constraint uq_playground_test_results_run_id_test_scenario_id_position
            unique (run_id, test_scenario_id, position)
    )""",
    "create index ix_playground_test_results_user_id on playground_test_results (user_id)",
    """create index ix_playground_test_results_bot_config_id_created_at
        on playground_test_results (bot_config_id, created_at)""",
    """create index ix_playground_test_results_test_scenario_id
        on playground_test_results (test_scenario_id)""",
    """create index ix_playground_test_results_execution_id
        on playground_test_results (execution_id)""",
    """create table bot_performance_metrics (
        id uuid constraint pk_bot_performance_metrics primary key,
        bot_config_id uuid not null
            constraint fk_bot_performance_metrics_bot_config_id_bot_configurations
            references bot_configurations (id) on delete cascade,
        result_id uuid not null
            constraint fk_bot_performance_metrics_result_id_playground_test_results
            references playground_test_results (id) on delete cascade,
        test_scenario text,
        response_quality_score integer,
        response_time_ms integer,
        customer_satisfaction_rating numeric(2, 1),
        confidence_score numeric(5, 2),
        personality_analysis jsonb,
        tested_at timestamptz not null default now(),
        constraint uq_bot_performance_metrics_result_id unique (result_id),
        constraint ck_bot_performance_metrics_rating check (
            customer_satisfaction_rating between 1 and 5
            and customer_satisfaction_rating * 2 = trunc(customer_satisfaction_rating * 2))
    )""",
    """create index ix_bot_performance_metrics_bot_config_id_tested_at
        on bot_performance_metrics (bot_config_id, tested_at)""",
)


def upgrade() -> None:
    """Apply."""
    for statement in STATEMENTS:
        op.execute(sa.text(statement))
