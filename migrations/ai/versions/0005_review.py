"""review: annotations, their history and drafts, and the queue of what is to be reviewed

Revision: 0005, after 0004
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
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
        sa.Column("tags", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("status", sa.Text(), server_default="pending", nullable=False),
        sa.Column("round", sa.SmallInteger(), server_default="1", nullable=False),
        sa.Column("review_item_id", sa.Uuid(), nullable=True),
        sa.Column("reviewed_by", sa.Uuid(), nullable=True),
        sa.Column("reviewed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("applied_by", sa.Uuid(), nullable=True),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("import_id", sa.Uuid(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("app", sa.Text(), server_default="", nullable=False),
        sa.Column("model", sa.Text(), server_default="", nullable=False),
        sa.Column("provider", sa.Text(), server_default="", nullable=False),
        sa.Column("prompt_version", sa.Text(), server_default="", nullable=False),
        sa.Column("user_id", sa.Text(), nullable=True),
        sa.Column("message_role", sa.Text(), nullable=False),
        sa.Column("message_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "annotation_type in ('correction', 'improvement', 'flag', 'approved')",
            name=op.f("ck_ai_admin_annotations_annotation_type"),
        ),
        sa.CheckConstraint("severity in ('minor', 'moderate', 'critical')", name=op.f("ck_ai_admin_annotations_severity")),
        sa.CheckConstraint("status in ('pending', 'reviewed', 'applied')", name=op.f("ck_ai_admin_annotations_status")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ai_admin_annotations")),
    )
    op.create_index(op.f("ix_ai_admin_annotations_annotation_type"), "ai_admin_annotations", ["annotation_type"], unique=False)
    op.create_index(op.f("ix_ai_admin_annotations_conversation_id"), "ai_admin_annotations", ["conversation_id"], unique=False)
    op.create_index(op.f("ix_ai_admin_annotations_created_at_id"), "ai_admin_annotations", ["created_at", "id"], unique=False)
    op.create_index(
        "ix_ai_admin_annotations_import",
        "ai_admin_annotations",
        ["import_id"],
        unique=False,
        postgresql_where=sa.text("import_id is not null"),
    )
    op.create_index(op.f("ix_ai_admin_annotations_message_id"), "ai_admin_annotations", ["message_id"], unique=False)
    op.create_index(op.f("ix_ai_admin_annotations_status"), "ai_admin_annotations", ["status"], unique=False)
    op.create_index("ix_ai_admin_annotations_tags", "ai_admin_annotations", ["tags"], unique=False, postgresql_using="gin")
    op.create_table(
        "ai_annotation_changes",
        sa.Column("annotation_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("by", sa.Uuid(), nullable=False),
        sa.Column("by_name", sa.Text(), nullable=False),
        sa.Column("before", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("after", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ai_annotation_changes")),
    )
    op.create_index(
        op.f("ix_ai_annotation_changes_annotation_id_at"), "ai_annotation_changes", ["annotation_id", "at"], unique=False
    )
    op.create_table(
        "ai_annotation_drafts",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("fields", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "message_id", name=op.f("pk_ai_annotation_drafts")),
    )
    op.create_table(
        "review_items",
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("reasons", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
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
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("state in ('waiting', 'adjudication', 'done')", name=op.f("ck_review_items_state")),
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
        "ix_review_items_import", "review_items", ["import_id"], unique=False, postgresql_where=sa.text("import_id is not null")
    )
    op.create_index(op.f("ix_review_items_message_id"), "review_items", ["message_id"], unique=True)
    op.create_index(
        "ix_review_items_oldest", "review_items", ["created_at"], unique=False, postgresql_where=sa.text("state = 'waiting'")
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
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("outcome in ('done', 'skipped', 'approved')", name=op.f("ck_review_passes_outcome")),
        sa.ForeignKeyConstraint(["item_id"], ["review_items.id"], name=op.f("fk_review_passes_item_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("item_id", "account_id", name=op.f("pk_review_passes")),
    )
    op.create_index(op.f("ix_review_passes_account_id_at"), "review_passes", ["account_id", "at"], unique=False)
