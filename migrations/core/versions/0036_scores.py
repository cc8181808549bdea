"""message_scores: scores of messages, conversations and AI requests

Revision: 0036, after 0035
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "message_scores",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("subject_kind", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=True),
        sa.Column("message_name", sa.Text(), nullable=True),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Double(), nullable=True),
        sa.Column("label", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=True),
        sa.Column("evaluator", sa.Text(), nullable=True),
        sa.Column("evaluator_version", sa.Text(), nullable=True),
        sa.Column("cost_usd", sa.Numeric(precision=14, scale=8), nullable=True),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("app", sa.Text(), nullable=False),
        sa.Column("release", sa.Text(), nullable=False),
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
        sa.CheckConstraint(
            "source in ('rule', 'judge', 'api', 'person')", name=op.f("ck_message_scores_source")
        ),
        sa.CheckConstraint(
            "subject_kind in ('message', 'conversation', 'ai_request')",
            name=op.f("ck_message_scores_subject_kind"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message_scores")),
    )
    op.create_index(
        op.f("ix_message_scores_conversation_id"),
        "message_scores",
        ["conversation_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_message_scores_created_at"), "message_scores", ["created_at"], unique=False
    )
    op.create_index(
        "ix_message_scores_import",
        "message_scores",
        ["import_id"],
        unique=False,
        postgresql_where=sa.text("import_id is not null"),
    )
    op.create_index(
        op.f("ix_message_scores_name_created_at"),
        "message_scores",
        ["name", "created_at"],
        unique=False,
    )
    op.create_index(
        op.f("ix_message_scores_subject_id"), "message_scores", ["subject_id"], unique=False
    )
    op.create_index(op.f("ix_message_scores_user_id"), "message_scores", ["user_id"], unique=False)
