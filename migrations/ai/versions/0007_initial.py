"""initial: every table, as the migrations 0001 to 0007 before it had made them

Revision: 0007, the first
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = None
branch_labels = None
depends_on = None

# The same functions as in `core`
SEARCH = Path(__file__).parents[2] / "core" / "sql" / "search.sql"
TRIGGERS = """
create function search_documents() returns trigger language plpgsql as $$
begin new.search := search_vector(new.title || ' ' || new.content); return new; end $$;
create function search_memories() returns trigger language plpgsql as $$
begin new.search := search_vector(new.content); return new; end $$;
create trigger search_documents before insert or update of title, content on ai_kb_documents
for each row execute function search_documents();
create trigger search_memories before insert or update of content on ai_memories
for each row execute function search_memories()"""


def upgrade() -> None:
    """Apply."""
    # Straight to the driver: this SQL has colons that are no parameters.
    execute = op.get_bind().connection.cursor().execute
    execute(SEARCH.read_text())
    op.create_table(
        "ai_admin_annotations",
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("admin_user_id", sa.Uuid(), nullable=False),
        sa.Column("author_name", sa.Text(), nullable=False),
        sa.Column("annotation_type", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), server_default="", nullable=False),
        sa.Column("suggested_response", sa.Text(), nullable=True),
        sa.Column("severity", sa.Text(), nullable=True),
        sa.Column(
            "tags", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("status", sa.Text(), server_default="pending", nullable=False),
        sa.Column("round", sa.SmallInteger(), server_default="1", nullable=False),
        sa.Column("review_item_id", sa.Uuid(), nullable=True),
        sa.Column("reviewed_by", sa.Uuid(), nullable=True),
        sa.Column("reviewed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("applied_by", sa.Uuid(), nullable=True),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("import_id", sa.Uuid(), nullable=True),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("app", sa.Text(), server_default="", nullable=False),
        sa.Column("model", sa.Text(), server_default="", nullable=False),
        sa.Column("provider", sa.Text(), server_default="", nullable=False),
        sa.Column("prompt_version", sa.Text(), server_default="", nullable=False),
        sa.Column("user_id", sa.Text(), nullable=True),
        sa.Column("message_role", sa.Text(), nullable=False),
        sa.Column("message_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "annotation_type in ('correction', 'improvement', 'flag', 'approved')",
            name=op.f("ck_ai_admin_annotations_annotation_type"),
        ),
        sa.CheckConstraint(
            "severity in ('minor', 'moderate', 'critical')",
            name=op.f("ck_ai_admin_annotations_severity"),
        ),
        sa.CheckConstraint(
            "status in ('pending', 'reviewed', 'applied')",
            name=op.f("ck_ai_admin_annotations_status"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ai_admin_annotations")),
    )
    op.create_index(
        op.f("ix_ai_admin_annotations_annotation_type"),
        "ai_admin_annotations",
        ["annotation_type"],
        unique=False,
    )
    op.create_index(
        op.f("ix_ai_admin_annotations_conversation_id"),
        "ai_admin_annotations",
        ["conversation_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_ai_admin_annotations_created_at_id"),
        "ai_admin_annotations",
        ["created_at", "id"],
        unique=False,
    )
    op.create_index(
        "ix_ai_admin_annotations_import",
        "ai_admin_annotations",
        ["import_id"],
        unique=False,
        postgresql_where=sa.text("import_id is not null"),
    )
    op.create_index(
        op.f("ix_ai_admin_annotations_message_id"),
        "ai_admin_annotations",
        ["message_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_ai_admin_annotations_status"), "ai_admin_annotations", ["status"], unique=False
    )
    op.create_index(
        "ix_ai_admin_annotations_tags",
        "ai_admin_annotations",
        ["tags"],
        unique=False,
        postgresql_using="gin",
    )
    op.create_table(
        "ai_annotation_changes",
        sa.Column("annotation_id", sa.Uuid(), nullable=False),
        sa.Column(
            "at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("by", sa.Uuid(), nullable=False),
        sa.Column("by_name", sa.Text(), nullable=False),
        sa.Column(
            "before", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True
        ),
        sa.Column(
            "after", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ai_annotation_changes")),
    )
    op.create_index(
        op.f("ix_ai_annotation_changes_annotation_id_at"),
        "ai_annotation_changes",
        ["annotation_id", "at"],
        unique=False,
    )
    op.create_table(
        "ai_annotation_drafts",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column(
            "fields", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("account_id", "message_id", name=op.f("pk_ai_annotation_drafts")),
    )
    op.create_table(
        "ai_feedback",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("message_id", sa.Uuid(), nullable=True),
        sa.Column("conversation_id", sa.Uuid(), nullable=True),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("rating", sa.Integer(), nullable=False),
        sa.Column("scale", sa.Text(), nullable=False),
        sa.Column("edited_text", sa.Text(), nullable=True),
        sa.Column("comment", sa.Text(), nullable=True),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("app", sa.Text(), nullable=False),
        sa.Column(
            "attributes", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True
        ),
        sa.Column("import_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "received_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint("scale in ('thumbs', 'five')", name=op.f("ck_ai_feedback_scale")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ai_feedback")),
    )
    op.create_index(
        op.f("ix_ai_feedback_conversation_id"), "ai_feedback", ["conversation_id"], unique=False
    )
    op.create_index(op.f("ix_ai_feedback_created_at"), "ai_feedback", ["created_at"], unique=False)
    op.create_index(
        "ix_ai_feedback_import",
        "ai_feedback",
        ["import_id"],
        unique=False,
        postgresql_where=sa.text("import_id is not null"),
    )
    op.create_index(op.f("ix_ai_feedback_message_id"), "ai_feedback", ["message_id"], unique=False)
    op.create_index(op.f("ix_ai_feedback_user_id"), "ai_feedback", ["user_id"], unique=False)
    op.create_table(
        "ai_kb_document_changes",
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column(
            "at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("by", sa.Uuid(), nullable=False),
        sa.Column("by_name", sa.Text(), nullable=False),
        sa.Column(
            "before", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True
        ),
        sa.Column(
            "after", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ai_kb_document_changes")),
    )
    op.create_index(
        op.f("ix_ai_kb_document_changes_document_id_at"),
        "ai_kb_document_changes",
        ["document_id", "at"],
        unique=False,
    )
    op.create_table(
        "ai_kb_documents",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("tags", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), server_default="published", nullable=False),
        sa.Column(
            "attributes", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True
        ),
        sa.Column(
            "search", postgresql.TSVECTOR(), server_default=sa.FetchedValue(), nullable=False
        ),
        sa.Column("import_id", sa.Uuid(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "status in ('draft', 'published')", name=op.f("ck_ai_kb_documents_status")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ai_kb_documents")),
    )
    op.create_index(
        "ix_ai_kb_documents_import",
        "ai_kb_documents",
        ["import_id"],
        unique=False,
        postgresql_where=sa.text("import_id is not null"),
    )
    op.create_index(
        op.f("ix_ai_kb_documents_scope_updated_at"),
        "ai_kb_documents",
        ["scope", "updated_at"],
        unique=False,
    )
    op.create_index(
        "ix_ai_kb_documents_search",
        "ai_kb_documents",
        ["search"],
        unique=False,
        postgresql_using="gin",
    )
    op.create_table(
        "ai_memories",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("confidence", sa.Numeric(precision=5, scale=4), nullable=True),
        sa.Column("source_message_id", sa.Uuid(), nullable=True),
        sa.Column(
            "attributes", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True
        ),
        sa.Column("search", postgresql.TSVECTOR(), server_default=sa.FetchedValue(), nullable=True),
        sa.Column("import_id", sa.Uuid(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "kind in ('preference', 'rule', 'fact')", name=op.f("ck_ai_memories_kind")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ai_memories")),
    )
    op.create_index(
        "ix_ai_memories_import",
        "ai_memories",
        ["import_id"],
        unique=False,
        postgresql_where=sa.text("import_id is not null"),
    )
    op.create_index(op.f("ix_ai_memories_scope"), "ai_memories", ["scope"], unique=False)
    op.create_index(
        "ix_ai_memories_search", "ai_memories", ["search"], unique=False, postgresql_using="gin"
    )
    op.create_index(op.f("ix_ai_memories_updated_at"), "ai_memories", ["updated_at"], unique=False)
    op.create_index(op.f("ix_ai_memories_user_id"), "ai_memories", ["user_id"], unique=False)
    op.create_table(
        "audit_log",
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
    op.create_table(
        "import_traces",
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
    op.create_index(
        "ix_import_traces_taken_over",
        "import_traces",
        ["kind", sa.literal_column("(before ->> 'import_id')"), "row_id"],
        unique=False,
        postgresql_where=sa.text("before ->> 'import_id' is not null"),
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
        "review_items",
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column(
            "reasons", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("priority", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("claimed_by", sa.Uuid(), nullable=True),
        sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reviews_wanted", sa.SmallInteger(), server_default="1", nullable=False),
        sa.Column("reviews_done", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("state", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("import_id", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("app", sa.Text(), server_default="", nullable=False),
        sa.Column("model", sa.Text(), server_default="", nullable=False),
        sa.Column("provider", sa.Text(), server_default="", nullable=False),
        sa.Column("prompt_version", sa.Text(), server_default="", nullable=False),
        sa.Column("user_id", sa.Text(), nullable=True),
        sa.Column("message_role", sa.Text(), nullable=False),
        sa.Column("message_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "state in ('waiting', 'adjudication', 'done')", name=op.f("ck_review_items_state")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_items")),
    )
    op.create_index(
        "ix_review_items_adjudication",
        "review_items",
        ["created_at", "id"],
        unique=False,
        postgresql_where=sa.text("state = 'adjudication'"),
    )
    op.create_index(
        "ix_review_items_claimed",
        "review_items",
        ["claimed_by"],
        unique=False,
        postgresql_where=sa.text("claimed_by is not null"),
    )
    op.create_index(
        "ix_review_items_import",
        "review_items",
        ["import_id"],
        unique=False,
        postgresql_where=sa.text("import_id is not null"),
    )
    op.create_index(op.f("ix_review_items_message_id"), "review_items", ["message_id"], unique=True)
    op.create_index(
        "ix_review_items_oldest",
        "review_items",
        ["created_at"],
        unique=False,
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_index(
        "ix_review_items_waiting",
        "review_items",
        [sa.literal_column("priority desc"), "message_at", "id"],
        unique=False,
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_table(
        "review_passes",
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column(
            "at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.CheckConstraint(
            "outcome in ('done', 'skipped', 'approved')", name=op.f("ck_review_passes_outcome")
        ),
        sa.ForeignKeyConstraint(
            ["item_id"],
            ["review_items.id"],
            name=op.f("fk_review_passes_item_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("item_id", "account_id", name=op.f("pk_review_passes")),
    )
    op.create_index(
        op.f("ix_review_passes_account_id_at"), "review_passes", ["account_id", "at"], unique=False
    )
    execute(TRIGGERS)
