"""initial: every table, as the migrations 0001 to 0029 before it had made them

Revision: 0029, the first
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import op
from procrastinate.schema import SchemaManager
from sqlalchemy.dialects import postgresql

revision = "0029"
down_revision = None
branch_labels = None
depends_on = None

SQL = Path(__file__).parents[1] / "sql"
FUNNEL_EVENTS = (
    "onboarding.register_start",
    "onboarding.register_complete",
    "onboarding.register_error",
    "onboarding.login_success",
    "onboarding.login_error",
    "onboarding.portfolio_start",
    "onboarding.portfolio_complete",
    "onboarding.portfolio_error",
    "chat.session_start",
    "chat.feedback_given",
    "auth.logout",
)
# A generated column would be written anew for every row while nobody may read the table: a trigger
# takes its place.
SEARCH = """
create function search_messages() returns trigger language plpgsql as $$
begin new.search := search_vector(new.content); return new; end $$;
create trigger search_messages before insert or update of content on messages
    for each row execute function search_messages()"""


def upgrade() -> None:
    """Apply."""
    # Straight to the driver: this SQL has colons and percent signs that are no parameters.
    execute = op.get_bind().connection.cursor().execute
    execute(SchemaManager.get_schema())  # the job queue's own tables
    execute((SQL / "functions.sql").read_text())
    execute((SQL / "search.sql").read_text())
    op.create_table(
        "admin_users",
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("full_name", sa.String(length=200), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("failed_logins", sa.Integer(), server_default="0", nullable=False),
        sa.Column("locked_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_login_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "preferences",
            postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "role in ('super_admin', 'admin', 'analyst', 'reviewer')",
            name=op.f("ck_admin_users_role"),
        ),
        sa.CheckConstraint("email = lower(email)", name=op.f("ck_admin_users_email_lower")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_admin_users")),
        sa.UniqueConstraint("email", name=op.f("uq_admin_users_email")),
    )
    op.create_table(
        "ai_request_deltas",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("app", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("requests", sa.BigInteger(), nullable=False),
        sa.Column("unpriced", sa.BigInteger(), nullable=False),
        sa.Column("input_tokens", sa.BigInteger(), nullable=False),
        sa.Column("output_tokens", sa.BigInteger(), nullable=False),
        sa.Column("cached_tokens", sa.BigInteger(), nullable=False),
        sa.Column("cache_write_tokens", sa.BigInteger(), nullable=False),
        sa.Column("reasoning_tokens", sa.BigInteger(), nullable=False),
        sa.Column("total_tokens", sa.BigInteger(), nullable=False),
        sa.Column("cost_nano", sa.BigInteger(), nullable=False),
        sa.Column("latencies", sa.BigInteger(), nullable=False),
        sa.Column("latency_ms", sa.BigInteger(), nullable=False),
        sa.Column("first_tokens", sa.BigInteger(), nullable=False),
        sa.Column("first_token_ms", sa.BigInteger(), nullable=False),
        sa.Column("latency_histogram", sa.ARRAY(sa.Integer()), nullable=True),
        sa.Column("first_token_histogram", sa.ARRAY(sa.Integer()), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ai_request_deltas")),
    )
    op.create_table(
        "ai_request_metrics",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("conversation_id", sa.Uuid(), nullable=True),
        sa.Column("message_id", sa.Uuid(), nullable=True),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("operation", sa.Text(), nullable=True),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("app", sa.Text(), nullable=False),
        sa.Column("release", sa.Text(), nullable=False),
        sa.Column("input_tokens", sa.Integer(), nullable=True),
        sa.Column("output_tokens", sa.Integer(), nullable=True),
        sa.Column("cached_tokens", sa.Integer(), nullable=True),
        sa.Column("cache_write_tokens", sa.Integer(), nullable=True),
        sa.Column("reasoning_tokens", sa.Integer(), nullable=True),
        sa.Column("total_tokens", sa.Integer(), nullable=True),
        sa.Column("first_token_ms", sa.Integer(), nullable=True),
        sa.Column("total_latency_ms", sa.Integer(), nullable=True),
        sa.Column("tool_calls_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column(
            "tool_calls", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True
        ),
        sa.Column(
            "steps", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True
        ),
        sa.Column("finish_reason", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("error_type", sa.Text(), nullable=True),
        sa.Column("error_message", sa.Text(), nullable=True),
        sa.Column("cost_usd", sa.Numeric(precision=14, scale=8), nullable=True),
        sa.Column("cost_source", sa.Text(), nullable=False),
        sa.Column("price_id", sa.Uuid(), nullable=True),
        sa.Column("prompt_version_id", sa.Uuid(), nullable=True),
        sa.Column("experiment_arm", sa.Text(), nullable=True),
        sa.Column("import_id", sa.Uuid(), nullable=True),
        sa.Column(
            "attributes", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True
        ),
        sa.Column(
            "received_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "cost_source in ('reported', 'price_table', 'unpriced')",
            name=op.f("ck_ai_request_metrics_cost_source"),
        ),
        sa.CheckConstraint(
            "status in ('ok', 'error', 'pending')", name=op.f("ck_ai_request_metrics_status")
        ),
        sa.PrimaryKeyConstraint("id", "created_at", name=op.f("pk_ai_request_metrics")),
        postgresql_partition_by="RANGE (created_at)",
    )
    op.create_index(
        op.f("ix_ai_request_metrics_conversation_id_created_at"),
        "ai_request_metrics",
        ["conversation_id", "created_at"],
        unique=False,
        postgresql_where=sa.text("conversation_id is not null"),
    )
    op.create_index(
        op.f("ix_ai_request_metrics_created_at_id"),
        "ai_request_metrics",
        ["created_at", "id"],
        unique=False,
    )
    op.create_index(
        "ix_ai_request_metrics_errors",
        "ai_request_metrics",
        ["created_at", "id"],
        unique=False,
        postgresql_include=[
            "environment",
            "app",
            "release",
            "provider",
            "model",
            "error_type",
            "user_id",
            "conversation_id",
        ],
        postgresql_where=sa.text("status = 'error'"),
    )
    op.create_index(
        "ix_ai_request_metrics_import",
        "ai_request_metrics",
        ["import_id", "created_at", "id"],
        unique=False,
        postgresql_where=sa.text("import_id is not null"),
    )
    op.create_index(
        op.f("ix_ai_request_metrics_user_id_created_at"),
        "ai_request_metrics",
        ["user_id", "created_at"],
        unique=False,
        postgresql_where=sa.text("user_id is not null"),
    )
    op.create_table(
        "ai_request_rollups",
        sa.Column("grain", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("app", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("requests", sa.BigInteger(), nullable=False),
        sa.Column("unpriced", sa.BigInteger(), nullable=False),
        sa.Column("input_tokens", sa.BigInteger(), nullable=False),
        sa.Column("output_tokens", sa.BigInteger(), nullable=False),
        sa.Column("cached_tokens", sa.BigInteger(), nullable=False),
        sa.Column("cache_write_tokens", sa.BigInteger(), nullable=False),
        sa.Column("reasoning_tokens", sa.BigInteger(), nullable=False),
        sa.Column("total_tokens", sa.BigInteger(), nullable=False),
        sa.Column("cost_nano", sa.BigInteger(), nullable=False),
        sa.Column("latencies", sa.BigInteger(), nullable=False),
        sa.Column("latency_ms", sa.BigInteger(), nullable=False),
        sa.Column("first_tokens", sa.BigInteger(), nullable=False),
        sa.Column("first_token_ms", sa.BigInteger(), nullable=False),
        sa.Column("latency_histogram", sa.ARRAY(sa.Integer()), nullable=True),
        sa.Column("first_token_histogram", sa.ARRAY(sa.Integer()), nullable=True),
        sa.CheckConstraint(
            "grain in ('half_hour', 'day')", name=op.f("ck_ai_request_rollups_grain")
        ),
        sa.PrimaryKeyConstraint(
            "grain",
            "at",
            "environment",
            "app",
            "provider",
            "model",
            "status",
            name=op.f("pk_ai_request_rollups"),
        ),
        postgresql_with={"fillfactor": 50},
    )
    op.create_table(
        "audit_log",
        sa.Column("relayed_id", sa.BigInteger(), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column(
            "occurred_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.Column("actor_type", sa.String(length=16), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("actor_name", sa.Text(), nullable=True),
        sa.Column(
            "targets",
            postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column(
            "before", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True
        ),
        sa.Column(
            "after", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True
        ),
        sa.Column("ip_address", sa.Text(), nullable=True),
        sa.Column("user_agent", sa.Text(), nullable=True),
        sa.Column("request_id", sa.Text(), nullable=True),
        sa.Column("outcome", sa.String(length=16), server_default="ok", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_log")),
    )
    op.create_index(
        op.f("ix_audit_log_action_occurred_at"),
        "audit_log",
        ["action", "occurred_at"],
        unique=False,
    )
    op.create_index(
        op.f("ix_audit_log_actor_id_occurred_at"),
        "audit_log",
        ["actor_id", "occurred_at"],
        unique=False,
    )
    op.create_index(op.f("ix_audit_log_occurred_at"), "audit_log", ["occurred_at"], unique=False)
    op.create_index(
        op.f("ix_audit_log_relayed_id"),
        "audit_log",
        ["relayed_id"],
        unique=True,
        postgresql_where=sa.text("relayed_id is not null"),
    )
    op.create_table(
        "batch_run_history",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("batch_run_id", sa.Text(), nullable=False),
        sa.Column("batch_job", sa.Text(), nullable=False),
        sa.Column("triggered_by", sa.Text(), nullable=True),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("app", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("total_jobs", sa.Integer(), nullable=True),
        sa.Column("completed_jobs", sa.Integer(), nullable=True),
        sa.Column("failed_jobs", sa.Integer(), nullable=True),
        sa.Column(
            "phase_durations",
            postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column("phase_order", sa.ARRAY(sa.Text()), nullable=True),
        sa.Column("error_summary", sa.Text(), nullable=True),
        sa.Column("is_internal", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column(
            "attributes", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True
        ),
        sa.Column("import_id", sa.Uuid(), nullable=True),
        sa.Column(
            "told",
            postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column(
            "heard_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column(
            "received_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batch_run_history")),
        sa.UniqueConstraint("batch_run_id", name=op.f("uq_batch_run_history_batch_run_id")),
    )
    op.create_index(
        op.f("ix_batch_run_history_batch_job_started_at"),
        "batch_run_history",
        ["batch_job", "started_at"],
        unique=False,
    )
    op.create_index(
        "ix_batch_run_history_running",
        "batch_run_history",
        ["heard_at"],
        unique=False,
        postgresql_where=sa.text("status = 'running'"),
    )
    op.create_index(
        op.f("ix_batch_run_history_started_at"), "batch_run_history", ["started_at"], unique=False
    )
    op.create_table(
        "conversations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("session_type", sa.Text(), nullable=True),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), server_default="active", nullable=False),
        sa.Column(
            "context",
            postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column("message_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("total_tokens", sa.Integer(), server_default="0", nullable=False),
        sa.Column(
            "total_cost_usd", sa.Numeric(precision=14, scale=8), server_default="0", nullable=False
        ),
        sa.Column("models", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("user_rating", sa.Integer(), nullable=True),
        sa.Column("rating_scale", sa.Text(), nullable=True),
        sa.Column("user_feedback", sa.Text(), nullable=True),
        sa.Column("escalated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("escalation_reason", sa.Text(), nullable=True),
        sa.Column("assigned_to", sa.Uuid(), nullable=True),
        sa.Column("annotation_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("last_annotated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("app", sa.Text(), nullable=False),
        sa.Column("release", sa.Text(), nullable=False),
        sa.Column("import_id", sa.Uuid(), nullable=True),
        sa.Column(
            "told",
            postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column("last_message_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "received_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "source in ('api', 'otlp', 'import', 'assistant')", name=op.f("ck_conversations_source")
        ),
        sa.CheckConstraint(
            "status in ('active', 'waiting_human', 'human', 'closed')",
            name=op.f("ck_conversations_status"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conversations")),
    )
    op.create_index(
        op.f("ix_conversations_environment_last_message_at"),
        "conversations",
        ["environment", "last_message_at"],
        unique=False,
    )
    op.create_index(
        op.f("ix_conversations_last_message_at"), "conversations", ["last_message_at"], unique=False
    )
    op.create_index(
        op.f("ix_conversations_user_id_last_message_at"),
        "conversations",
        ["user_id", "last_message_at"],
        unique=False,
    )
    op.create_table(
        "daily_metrics",
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("metric_type", sa.Text(), nullable=False),
        sa.Column("metric_value", sa.Numeric(precision=16, scale=4), nullable=False),
        sa.Column(
            "dimensions",
            postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("date", "metric_type", "dimensions", name=op.f("pk_daily_metrics")),
    )
    op.create_table(
        "dropped_spans",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("app", sa.Text(), nullable=False),
        sa.Column("spans", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dropped_spans")),
    )
    op.create_table(
        "event_apps",
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("app", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("environment", "app", name=op.f("pk_event_apps")),
    )
    op.create_table(
        "event_deltas",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("app", sa.Text(), nullable=False),
        sa.Column("event_type", sa.Text(), nullable=False),
        sa.Column("events", sa.BigInteger(), nullable=False),
        sa.Column("errors", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event_deltas")),
    )
    op.create_table(
        "event_rollups",
        sa.Column("grain", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("app", sa.Text(), nullable=False),
        sa.Column("event_type", sa.Text(), nullable=False),
        sa.Column("events", sa.BigInteger(), nullable=False),
        sa.Column("errors", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("grain in ('half_hour', 'day')", name=op.f("ck_event_rollups_grain")),
        sa.PrimaryKeyConstraint(
            "grain", "at", "environment", "app", "event_type", name=op.f("pk_event_rollups")
        ),
        postgresql_with={"fillfactor": 50},
    )
    op.create_table(
        "funnel_events",
        sa.Column("event_type", sa.Text(), nullable=False),
        sa.Column("code", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint("event_type", name=op.f("pk_funnel_events")),
        sa.UniqueConstraint("code", name=op.f("uq_funnel_events_code")),
    )
    op.create_table(
        "funnel_parts",
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("app", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("former_owner", sa.Text(), nullable=True),
        sa.Column("linked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("linked_to", sa.Text(), nullable=True),
        sa.Column("marks", sa.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("is_cut", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("part", "environment", "app", name=op.f("pk_funnel_parts")),
        postgresql_with={"fillfactor": 70},
    )
    op.create_index(
        op.f("ix_funnel_parts_owner_environment_app"),
        "funnel_parts",
        ["owner", "environment", "app"],
        unique=False,
    )
    op.create_table(
        "heartbeats",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_heartbeats")),
    )
    op.create_table(
        "import_traces",
        sa.Column(
            "shadowed", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True
        ),
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("row_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column(
            "noted_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column(
            "before", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True
        ),
        sa.Column(
            "after", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True
        ),
        sa.PrimaryKeyConstraint(
            "import_id", "kind", "row_id", "number", name=op.f("pk_import_traces")
        ),
    )
    op.create_index(
        op.f("ix_import_traces_row_id_kind"), "import_traces", ["row_id", "kind"], unique=False
    )
    op.create_table(
        "named_messages",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("named_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "received_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_named_messages")),
    )
    op.create_index(op.f("ix_named_messages_name"), "named_messages", ["name"], unique=False)
    op.create_index(
        op.f("ix_named_messages_received_at"), "named_messages", ["received_at"], unique=False
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("topic", sa.String(length=64), nullable=False),
        sa.Column(
            "payload", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False
        ),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column(
            "due_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
    )
    op.create_table(
        "providers",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("base_url", sa.Text(), nullable=True),
        sa.Column("secret", sa.LargeBinary(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("status", sa.Text(), server_default="untested", nullable=False),
        sa.Column("status_detail", sa.Text(), nullable=True),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "models",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'::jsonb"),
            nullable=False,
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "kind in ('local', 'openai', 'anthropic', 'fake')", name=op.f("ck_providers_kind")
        ),
        sa.CheckConstraint(
            "source in ('packaged', 'environment', 'settings')", name=op.f("ck_providers_source")
        ),
        sa.CheckConstraint(
            "status in ('untested', 'working', 'failing')", name=op.f("ck_providers_status")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_providers")),
        sa.UniqueConstraint("name", name=op.f("uq_providers_name")),
    )
    op.create_table(
        "releases",
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("app", sa.Text(), nullable=False),
        sa.Column("release", sa.Text(), nullable=False),
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint(
            "environment", "app", "release", "import_id", name=op.f("pk_releases")
        ),
    )
    op.create_table(
        "settings",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "value", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_settings")),
    )
    op.create_table(
        "sign_in_failure_hours",
        sa.Column("network", sa.Text(), nullable=False),
        sa.Column("hour", sa.DateTime(timezone=True), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("audit_id", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("network", "hour", name=op.f("pk_sign_in_failure_hours")),
    )
    op.create_index(
        op.f("ix_sign_in_failure_hours_hour"), "sign_in_failure_hours", ["hour"], unique=False
    )
    op.create_table(
        "sign_in_failures",
        sa.Column("network", sa.Text(), nullable=False),
        sa.Column("email_hash", sa.LargeBinary(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column(
            "since", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("locked_until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("network", "email_hash", name=op.f("pk_sign_in_failures")),
    )
    op.create_index(op.f("ix_sign_in_failures_since"), "sign_in_failures", ["since"], unique=False)
    op.create_table(
        "subjects",
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("app", sa.Text(), nullable=False),
        sa.Column("marks", sa.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("is_cut", sa.Boolean(), nullable=False),
        sa.Column("reached_1", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reached_2", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reached_3", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reached_4", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reached_5", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_unsure", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("is_whole", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column(
            "sample",
            sa.SmallInteger(),
            sa.Computed("(hashtext(subject) & 1023)::smallint", persisted=True),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("subject", "environment", "app", name=op.f("pk_subjects")),
        postgresql_with={"fillfactor": 70},
    )
    op.create_index(
        "ix_subjects_anonymous",
        "subjects",
        ["environment", "app", "reached_1", "subject"],
        unique=False,
        postgresql_where=sa.text("subject like 's:%'"),
    )
    op.create_index(
        "ix_subjects_cut",
        "subjects",
        ["environment"],
        unique=False,
        postgresql_where=sa.text("is_cut"),
    )
    op.create_index(
        "ix_subjects_reached",
        "subjects",
        ["environment", "app", "reached_1"],
        unique=False,
        postgresql_include=["reached_2", "reached_3", "reached_4", "reached_5", "sample"],
        postgresql_where=sa.text("not is_unsure and is_whole"),
    )
    op.create_index(
        "ix_subjects_reached_apart",
        "subjects",
        ["environment", "app", "reached_1"],
        unique=False,
        postgresql_include=["reached_2", "reached_3", "reached_4", "reached_5", "sample"],
        postgresql_where=sa.text("not is_unsure and not is_whole"),
    )
    op.create_index(
        "ix_subjects_unsure",
        "subjects",
        ["environment"],
        unique=False,
        postgresql_where=sa.text("is_unsure"),
    )
    op.create_index(
        "ix_subjects_whole",
        "subjects",
        ["subject", "environment"],
        unique=True,
        postgresql_where=sa.text("is_whole"),
    )
    op.create_table(
        "tool_deltas",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("app", sa.Text(), nullable=False),
        sa.Column("tool", sa.Text(), nullable=False),
        sa.Column("calls", sa.BigInteger(), nullable=False),
        sa.Column("errors", sa.BigInteger(), nullable=False),
        sa.Column("durations", sa.BigInteger(), nullable=False),
        sa.Column("duration_ms", sa.BigInteger(), nullable=False),
        sa.Column("duration_histogram", sa.ARRAY(sa.Integer()), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tool_deltas")),
    )
    op.create_table(
        "tool_rollups",
        sa.Column("grain", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("app", sa.Text(), nullable=False),
        sa.Column("tool", sa.Text(), nullable=False),
        sa.Column("calls", sa.BigInteger(), nullable=False),
        sa.Column("errors", sa.BigInteger(), nullable=False),
        sa.Column("durations", sa.BigInteger(), nullable=False),
        sa.Column("duration_ms", sa.BigInteger(), nullable=False),
        sa.Column("duration_histogram", sa.ARRAY(sa.Integer()), nullable=True),
        sa.CheckConstraint("grain in ('half_hour', 'day')", name=op.f("ck_tool_rollups_grain")),
        sa.PrimaryKeyConstraint(
            "grain", "at", "environment", "app", "tool", name=op.f("pk_tool_rollups")
        ),
        postgresql_with={"fillfactor": 50},
    )
    op.create_table(
        "user_activity_events",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("session_id", sa.Text(), nullable=True),
        sa.Column("event_type", sa.Text(), nullable=False),
        sa.Column("event_category", sa.Text(), nullable=False),
        sa.Column(
            "event_data", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True
        ),
        sa.Column("error_code", sa.Text(), nullable=True),
        sa.Column("error_message", sa.Text(), nullable=True),
        sa.Column("ip_address", sa.Text(), nullable=True),
        sa.Column("user_agent", sa.Text(), nullable=True),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("app", sa.Text(), nullable=False),
        sa.Column("release", sa.Text(), nullable=False),
        sa.Column("import_id", sa.Uuid(), nullable=True),
        sa.Column(
            "received_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", "created_at", name=op.f("pk_user_activity_events")),
        postgresql_partition_by="RANGE (created_at)",
    )
    op.create_index(
        op.f("ix_user_activity_events_created_at_id"),
        "user_activity_events",
        ["created_at", "id"],
        unique=False,
    )
    op.create_index(
        "ix_user_activity_events_failed",
        "user_activity_events",
        ["environment", "created_at"],
        unique=False,
        postgresql_include=["event_type", "error_code", "user_id", "session_id", "app", "release"],
        postgresql_where=sa.text("error_code is not null or event_type like '%\\_error'"),
    )
    op.create_index(
        "ix_user_activity_events_import",
        "user_activity_events",
        ["import_id", "created_at", "id"],
        unique=False,
        postgresql_where=sa.text("import_id is not null"),
    )
    op.create_index(
        op.f("ix_user_activity_events_session_id_created_at"),
        "user_activity_events",
        ["session_id", "created_at"],
        unique=False,
        postgresql_where=sa.text("session_id is not null"),
    )
    op.create_index(
        op.f("ix_user_activity_events_user_id_created_at"),
        "user_activity_events",
        ["user_id", "created_at"],
        unique=False,
        postgresql_where=sa.text("user_id is not null"),
    )
    op.create_table(
        "user_day_count_deltas",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("app", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("previous_day", sa.Date(), nullable=False),
        sa.Column("users", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_day_count_deltas")),
    )
    op.create_table(
        "user_day_counts",
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("app", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("previous_day", sa.Date(), nullable=False),
        sa.Column("users", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "environment", "app", "day", "previous_day", name=op.f("pk_user_day_counts")
        ),
    )
    op.create_table(
        "user_days",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("app", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("import_id", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("day", "environment", "app", "user_id", name=op.f("pk_user_days")),
    )
    op.create_index(
        "ix_user_days_import",
        "user_days",
        ["import_id"],
        unique=False,
        postgresql_where=sa.text("import_id is not null"),
    )
    op.create_index(op.f("ix_user_days_user_id"), "user_days", ["user_id"], unique=False)
    op.create_table(
        "user_spans",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("app", sa.Text(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column(
            "previous_day", sa.Date(), server_default=sa.text("'-infinity'::date"), nullable=False
        ),
        sa.PrimaryKeyConstraint("user_id", "environment", "app", name=op.f("pk_user_spans")),
        postgresql_with={"fillfactor": 70},
    )
    op.create_index(
        op.f("ix_user_spans_environment_app_first_day"),
        "user_spans",
        ["environment", "app", "first_day"],
        unique=False,
        postgresql_include=["last_day", "user_id"],
    )
    op.create_table(
        "users",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("display_name", sa.Text(), nullable=True),
        sa.Column(
            "traits",
            postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column(
            "told",
            postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "last_seen_slot",
            sa.DateTime(timezone=True),
            sa.Computed(
                "date_bin('10 minutes', last_seen_at, timestamptz '2000-01-01 00:00:00+00')",
                persisted=True,
            ),
            nullable=False,
        ),
        sa.Column(
            "search",
            sa.Text(),
            sa.Computed(
                (
                    "lower(external_id || chr(10) || coalesce(email, ''::text) || chr(10) || "
                    "coalesce(display_name, ''::text))"
                ),
                persisted=True,
            ),
            nullable=False,
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        postgresql_with={"fillfactor": 70},
    )
    op.create_index(op.f("ix_users_external_id"), "users", ["external_id"], unique=False)
    op.create_index(op.f("ix_users_first_seen_at"), "users", ["first_seen_at"], unique=False)
    op.create_index(op.f("ix_users_last_seen_slot"), "users", ["last_seen_slot"], unique=False)
    op.create_table(
        "waiting_spans",
        sa.Column("trace_id", sa.Text(), nullable=False),
        sa.Column("span_id", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("app", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lineage", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column(
            "step", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True
        ),
        sa.Column(
            "call", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True
        ),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column(
            "due_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column(
            "arrived_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("joined_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("trace_id", "span_id", name=op.f("pk_waiting_spans")),
    )
    op.create_index(
        op.f("ix_waiting_spans_arrived_at"), "waiting_spans", ["arrived_at"], unique=False
    )
    op.create_index(
        "ix_waiting_spans_due",
        "waiting_spans",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("joined_at is null"),
    )
    op.create_table(
        "account_links",
        sa.Column("admin_user_id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.String(length=12), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "purpose in ('invitation', 'reset')", name=op.f("ck_account_links_purpose")
        ),
        sa.ForeignKeyConstraint(
            ["admin_user_id"],
            ["admin_users.id"],
            name=op.f("fk_account_links_admin_user_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_links")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_account_links_token_hash")),
    )
    op.create_index(
        op.f("ix_account_links_admin_user_id"), "account_links", ["admin_user_id"], unique=False
    )
    op.create_table(
        "admin_sessions",
        sa.Column("admin_user_id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("ip_address", sa.Text(), nullable=True),
        sa.Column("user_agent", sa.Text(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "last_seen_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint("kind in ('browser', 'api')", name=op.f("ck_admin_sessions_kind")),
        sa.ForeignKeyConstraint(
            ["admin_user_id"],
            ["admin_users.id"],
            name=op.f("fk_admin_sessions_admin_user_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_admin_sessions")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_admin_sessions_token_hash")),
    )
    op.create_index(
        op.f("ix_admin_sessions_admin_user_id"), "admin_sessions", ["admin_user_id"], unique=False
    )
    op.create_index(
        op.f("ix_admin_sessions_expires_at"), "admin_sessions", ["expires_at"], unique=False
    )
    op.create_table(
        "api_keys",
        sa.Column("key_id", sa.String(length=8), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("scopes", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["created_by"],
            ["admin_users.id"],
            name=op.f("fk_api_keys_created_by"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("key_id", name=op.f("uq_api_keys_key_id")),
    )
    op.create_index(op.f("ix_api_keys_created_by"), "api_keys", ["created_by"], unique=False)
    op.create_table(
        "import_mappings",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "mapping", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False
        ),
        sa.Column("columns", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["created_by"],
            ["admin_users.id"],
            name=op.f("fk_import_mappings_created_by"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_mappings")),
        sa.UniqueConstraint("name", name=op.f("uq_import_mappings_name")),
    )
    op.create_index(
        op.f("ix_import_mappings_created_by"), "import_mappings", ["created_by"], unique=False
    )
    op.create_table(
        "imports",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("environment", sa.Text(), server_default="production", nullable=False),
        sa.Column(
            "recognition",
            postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column(
            "mapping", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True
        ),
        sa.Column(
            "dry_run", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True
        ),
        sa.Column("record_count", sa.BigInteger(), nullable=True),
        sa.Column("position", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column(
            "counts",
            postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column(
            "problems",
            postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
            server_default=sa.text("'[]'::jsonb"),
            nullable=False,
        ),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("created_by_name", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "moved_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("file_removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            (
                "status in ('ready', 'checking', 'queued', 'running', 'completed', 'cancelled', "
                "'failed', 'undoing', 'undone')"
            ),
            name=op.f("ck_imports_status"),
        ),
        sa.ForeignKeyConstraint(
            ["created_by"],
            ["admin_users.id"],
            name=op.f("fk_imports_created_by"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imports")),
    )
    op.create_index(op.f("ix_imports_created_at"), "imports", ["created_at"], unique=False)
    op.create_index(op.f("ix_imports_created_by"), "imports", ["created_by"], unique=False)
    op.create_index(op.f("ix_imports_sha256"), "imports", ["sha256"], unique=False)
    op.create_index(
        "ix_imports_under_way",
        "imports",
        ["moved_at"],
        unique=False,
        postgresql_where=sa.text("status in ('checking', 'queued', 'running', 'undoing')"),
    )
    op.create_table(
        "messages",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=True),
        sa.Column("prompt_version_id", sa.Uuid(), nullable=True),
        sa.Column(
            "tool_calls", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True
        ),
        sa.Column("tokens", sa.Integer(), nullable=True),
        sa.Column("cost_usd", sa.Numeric(precision=14, scale=8), nullable=True),
        sa.Column("latency_ms", sa.Integer(), nullable=True),
        sa.Column("first_token_ms", sa.Integer(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column(
            "metadata",
            postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("import_id", sa.Uuid(), nullable=True),
        sa.Column(
            "search", postgresql.TSVECTOR(), server_default=sa.FetchedValue(), nullable=False
        ),
        sa.CheckConstraint(
            "role in ('system', 'user', 'assistant', 'tool')", name=op.f("ck_messages_role")
        ),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name=op.f("fk_messages_conversation_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_messages")),
        sa.UniqueConstraint(
            "conversation_id",
            "position",
            deferrable=True,
            initially="IMMEDIATE",
            name=op.f("uq_messages_conversation_id_position"),
        ),
    )
    op.create_index(op.f("ix_messages_created_at"), "messages", ["created_at"], unique=False)
    op.create_index(op.f("ix_messages_external_id"), "messages", ["external_id"], unique=False)
    op.create_index(
        "ix_messages_import",
        "messages",
        ["import_id"],
        unique=False,
        postgresql_where=sa.text("import_id is not null"),
    )
    op.create_index(
        "ix_messages_search", "messages", ["search"], unique=False, postgresql_using="gin"
    )
    op.create_table(
        "model_prices",
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("input", sa.Numeric(precision=14, scale=6), nullable=False),
        sa.Column("output", sa.Numeric(precision=14, scale=6), nullable=False),
        sa.Column("cached_input", sa.Numeric(precision=14, scale=6), nullable=True),
        sa.Column("cache_write", sa.Numeric(precision=14, scale=6), nullable=True),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "source in ('packaged', 'settings')", name=op.f("ck_model_prices_source")
        ),
        sa.ForeignKeyConstraint(
            ["created_by"],
            ["admin_users.id"],
            name=op.f("fk_model_prices_created_by"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_model_prices")),
        sa.UniqueConstraint(
            "provider",
            "model",
            "valid_from",
            "source",
            name=op.f("uq_model_prices_provider_model_valid_from_source"),
        ),
    )
    op.create_index(
        op.f("ix_model_prices_created_by"), "model_prices", ["created_by"], unique=False
    )
    op.create_table(
        "playground_sessions",
        sa.Column("owner", sa.Uuid(), nullable=False),
        sa.Column("name", sa.LargeBinary(), nullable=True),
        sa.Column("draft", sa.LargeBinary(), nullable=True),
        sa.Column(
            "has_custom_prompt", sa.Boolean(), server_default=sa.text("false"), nullable=False
        ),
        sa.Column("revision", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("message_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("execution_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column(
            "total_cost", sa.Numeric(precision=14, scale=8), server_default="0", nullable=False
        ),
        sa.Column("last_message_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["owner"],
            ["admin_users.id"],
            name=op.f("fk_playground_sessions_owner"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_playground_sessions")),
    )
    op.create_index(
        op.f("ix_playground_sessions_owner_last_message_at"),
        "playground_sessions",
        ["owner", "last_message_at"],
        unique=False,
    )
    op.create_table(
        "prompt_executions",
        sa.Column("owner", sa.Uuid(), nullable=True),
        sa.Column("session_id", sa.Uuid(), nullable=True),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("model_id", sa.Text(), nullable=False),
        sa.Column("prompt", sa.LargeBinary(), nullable=True),
        sa.Column("system_prompt", sa.LargeBinary(), nullable=True),
        sa.Column("messages", sa.LargeBinary(), nullable=True),
        sa.Column("context", sa.LargeBinary(), nullable=True),
        sa.Column("response", sa.LargeBinary(), nullable=True),
        sa.Column("tool_executions", sa.LargeBinary(), nullable=True),
        sa.Column(
            "parameters",
            postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column(
            "tools", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True
        ),
        sa.Column("input_tokens", sa.Integer(), nullable=True),
        sa.Column("output_tokens", sa.Integer(), nullable=True),
        sa.Column("cached_tokens", sa.Integer(), nullable=True),
        sa.Column("cache_write_tokens", sa.Integer(), nullable=True),
        sa.Column("reasoning_tokens", sa.Integer(), nullable=True),
        sa.Column("total_tokens", sa.Integer(), nullable=True),
        sa.Column(
            "tokens_estimated", sa.Boolean(), server_default=sa.text("false"), nullable=False
        ),
        sa.Column("cost_usd", sa.Numeric(precision=14, scale=8), nullable=True),
        sa.Column("cost_source", sa.Text(), nullable=True),
        sa.Column("first_token_ms", sa.Integer(), nullable=True),
        sa.Column("execution_time_ms", sa.Integer(), nullable=True),
        sa.Column("finish_reason", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column(
            "error", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True
        ),
        sa.Column("instance", sa.Uuid(), nullable=False),
        sa.Column("alive_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "status in ('pending', 'completed', 'failed', 'cancelled')",
            name=op.f("ck_prompt_executions_status"),
        ),
        sa.ForeignKeyConstraint(
            ["owner"],
            ["admin_users.id"],
            name=op.f("fk_prompt_executions_owner"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["playground_sessions.id"],
            name=op.f("fk_prompt_executions_session_id"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prompt_executions")),
    )
    op.create_index(
        op.f("ix_prompt_executions_owner_created_at"),
        "prompt_executions",
        ["owner", "created_at"],
        unique=False,
    )
    op.create_index(
        "ix_prompt_executions_pending",
        "prompt_executions",
        ["instance"],
        unique=False,
        postgresql_where=sa.text("status = 'pending'"),
    )
    op.create_index(
        op.f("ix_prompt_executions_session_id"), "prompt_executions", ["session_id"], unique=False
    )
    op.create_table(
        "playground_messages",
        sa.Column("admin_user_id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("job_id", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=True),
        sa.Column("custom_prompt", sa.LargeBinary(), nullable=True),
        sa.Column("service_used", sa.Text(), nullable=True),
        sa.Column("response_time_ms", sa.Integer(), nullable=True),
        sa.Column("execution_id", sa.Uuid(), nullable=True),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "role in ('user', 'assistant')", name=op.f("ck_playground_messages_role")
        ),
        sa.CheckConstraint(
            "status in ('pending', 'completed', 'failed', 'cancelled')",
            name=op.f("ck_playground_messages_status"),
        ),
        sa.ForeignKeyConstraint(
            ["admin_user_id"],
            ["admin_users.id"],
            name=op.f("fk_playground_messages_admin_user_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["execution_id"],
            ["prompt_executions.id"],
            name=op.f("fk_playground_messages_execution_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["playground_sessions.id"],
            name=op.f("fk_playground_messages_session_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_playground_messages")),
        sa.UniqueConstraint(
            "session_id", "position", name=op.f("uq_playground_messages_session_id_position")
        ),
    )
    op.create_index(
        "ix_playground_messages_admin_user_id_created_at",
        "playground_messages",
        ["admin_user_id", sa.literal_column("created_at desc")],
        unique=False,
    )
    op.create_index(
        op.f("ix_playground_messages_execution_id"),
        "playground_messages",
        ["execution_id"],
        unique=False,
    )
    op.create_index(
        "ix_playground_messages_job_id",
        "playground_messages",
        ["job_id"],
        unique=False,
        postgresql_where=sa.text("job_id is not null"),
    )
    op.create_index(
        op.f("ix_playground_messages_session_id"),
        "playground_messages",
        ["session_id"],
        unique=False,
    )
    op.bulk_insert(
        sa.table("funnel_events", sa.column("event_type"), sa.column("code")),
        [{"event_type": name, "code": code} for code, name in enumerate(FUNNEL_EVENTS)],
    )
    execute((SQL / "user_day_counts.sql").read_text())
    execute(SEARCH)
