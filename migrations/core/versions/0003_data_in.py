"""data in: events, AI requests, conversations and batch runs, with what is derived from them; prices and keys

Revision: 0003, after 0002
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

FUNCTIONS = Path(__file__).parents[1] / "sql" / "0003_functions.sql"
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


def upgrade() -> None:
    """Apply."""
    # Not through SQLAlchemy, which would look for placeholders.
    op.get_bind().connection.cursor().execute(FUNCTIONS.read_text())
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
        sa.Column("tool_calls", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("steps", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
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
        sa.Column("attributes", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "cost_source in ('reported', 'price_table', 'unpriced')", name=op.f("ck_ai_request_metrics_cost_source")
        ),
        sa.CheckConstraint("status in ('ok', 'error', 'pending')", name=op.f("ck_ai_request_metrics_status")),
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
    op.create_index(op.f("ix_ai_request_metrics_created_at_id"), "ai_request_metrics", ["created_at", "id"], unique=False)
    op.create_index(
        "ix_ai_request_metrics_errors",
        "ai_request_metrics",
        ["created_at", "id"],
        unique=False,
        postgresql_where=sa.text("status = 'error'"),
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
        sa.CheckConstraint("grain in ('half_hour', 'day')", name=op.f("ck_ai_request_rollups_grain")),
        sa.PrimaryKeyConstraint(
            "grain", "at", "environment", "app", "provider", "model", "status", name=op.f("pk_ai_request_rollups")
        ),
        postgresql_with={"fillfactor": 50},
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
        sa.Column("error_summary", sa.Text(), nullable=True),
        sa.Column("attributes", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("import_id", sa.Uuid(), nullable=True),
        sa.Column(
            "told",
            postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column("heard_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batch_run_history")),
        sa.UniqueConstraint("batch_run_id", name=op.f("uq_batch_run_history_batch_run_id")),
    )
    op.create_index(
        op.f("ix_batch_run_history_batch_job_started_at"), "batch_run_history", ["batch_job", "started_at"], unique=False
    )
    op.create_index(
        "ix_batch_run_history_running",
        "batch_run_history",
        ["heard_at"],
        unique=False,
        postgresql_where=sa.text("status = 'running'"),
    )
    op.create_index(op.f("ix_batch_run_history_started_at"), "batch_run_history", ["started_at"], unique=False)
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
        sa.Column("total_cost_usd", sa.Numeric(precision=14, scale=8), server_default="0", nullable=False),
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
        sa.Column("received_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("source in ('api', 'otlp', 'import', 'assistant')", name=op.f("ck_conversations_source")),
        sa.CheckConstraint("status in ('active', 'waiting_human', 'human', 'closed')", name=op.f("ck_conversations_status")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conversations")),
    )
    op.create_index(
        op.f("ix_conversations_environment_last_message_at"), "conversations", ["environment", "last_message_at"], unique=False
    )
    op.create_index(op.f("ix_conversations_last_message_at"), "conversations", ["last_message_at"], unique=False)
    op.create_index(
        op.f("ix_conversations_user_id_last_message_at"), "conversations", ["user_id", "last_message_at"], unique=False
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
        sa.PrimaryKeyConstraint("grain", "at", "environment", "app", "event_type", name=op.f("pk_event_rollups")),
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
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("app", sa.Text(), nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("former_owner", sa.Text(), nullable=True),
        sa.Column("linked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("linked_to", sa.Text(), nullable=True),
        sa.Column("marks", sa.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("is_cut", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("part", "environment", "app", name=op.f("pk_funnel_parts")),
        postgresql_with={"fillfactor": 70},
    )
    op.create_index(op.f("ix_funnel_parts_owner_environment_app"), "funnel_parts", ["owner", "environment", "app"], unique=False)
    op.create_table(
        "subjects",
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("app", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("marks", sa.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("is_cut", sa.Boolean(), nullable=False),
        sa.Column("reached_1", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reached_2", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reached_3", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reached_4", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reached_5", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_unsure", sa.Boolean(), server_default=sa.text("false"), nullable=False),
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
        "ix_subjects_reached",
        "subjects",
        ["environment", "app", "reached_1"],
        unique=False,
        postgresql_include=["reached_2", "reached_3", "reached_4", "reached_5", "sample"],
        postgresql_where=sa.text("not is_unsure"),
    )
    op.create_index("ix_subjects_unsure", "subjects", ["environment"], unique=False, postgresql_where=sa.text("is_unsure"))
    op.create_index("ix_subjects_cut", "subjects", ["environment"], unique=False, postgresql_where=sa.text("is_cut"))
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
        sa.PrimaryKeyConstraint("grain", "at", "environment", "app", "tool", name=op.f("pk_tool_rollups")),
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
        sa.Column("event_data", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("error_code", sa.Text(), nullable=True),
        sa.Column("error_message", sa.Text(), nullable=True),
        sa.Column("ip_address", sa.Text(), nullable=True),
        sa.Column("user_agent", sa.Text(), nullable=True),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("app", sa.Text(), nullable=False),
        sa.Column("release", sa.Text(), nullable=False),
        sa.Column("import_id", sa.Uuid(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", "created_at", name=op.f("pk_user_activity_events")),
        postgresql_partition_by="RANGE (created_at)",
    )
    op.create_index(op.f("ix_user_activity_events_created_at_id"), "user_activity_events", ["created_at", "id"], unique=False)
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
        "user_days",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("app", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("day", "environment", "app", "user_id", name=op.f("pk_user_days")),
    )
    op.create_index(op.f("ix_user_days_user_id"), "user_days", ["user_id"], unique=False)
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
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        postgresql_with={"fillfactor": 70},
    )
    op.create_index(op.f("ix_users_external_id"), "users", ["external_id"], unique=False)
    op.create_index(op.f("ix_users_last_seen_at"), "users", ["last_seen_at"], unique=False)
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
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["created_by"], ["admin_users.id"], name=op.f("fk_api_keys_created_by"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("key_id", name=op.f("uq_api_keys_key_id")),
    )
    op.create_index(op.f("ix_api_keys_created_by"), "api_keys", ["created_by"], unique=False)
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
        sa.Column("tool_calls", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
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
        sa.Column(
            "search",
            postgresql.TSVECTOR(),
            sa.Computed("to_tsvector('simple', left(content, 50000))", persisted=True),
            nullable=False,
        ),
        sa.CheckConstraint("role in ('system', 'user', 'assistant', 'tool')", name=op.f("ck_messages_role")),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name=op.f("fk_messages_conversation_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_messages")),
        sa.UniqueConstraint(
            "conversation_id",
            "position",
            name=op.f("uq_messages_conversation_id_position"),
            deferrable=True,
            initially="IMMEDIATE",
        ),
    )
    op.create_index(op.f("ix_messages_created_at"), "messages", ["created_at"], unique=False)
    op.create_index(op.f("ix_messages_external_id"), "messages", ["external_id"], unique=False)
    op.create_index("ix_messages_search", "messages", ["search"], unique=False, postgresql_using="gin")
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
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("source in ('packaged', 'settings')", name=op.f("ck_model_prices_source")),
        sa.ForeignKeyConstraint(["created_by"], ["admin_users.id"], name=op.f("fk_model_prices_created_by"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_model_prices")),
        sa.UniqueConstraint(
            "provider", "model", "valid_from", "source", name=op.f("uq_model_prices_provider_model_valid_from_source")
        ),
    )
    op.create_index(op.f("ix_model_prices_created_by"), "model_prices", ["created_by"], unique=False)
    op.bulk_insert(
        sa.table("funnel_events", sa.column("event_type"), sa.column("code")),
        [{"event_type": name, "code": code} for code, name in enumerate(FUNNEL_EVENTS)],
    )
