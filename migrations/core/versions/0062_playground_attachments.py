"""playground_attachments: the files of messages

Revision: 0062, after 0061
"""

import sqlalchemy as sa
from alembic import op

revision = "0062"
down_revision = "0061"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "playground_attachments",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.LargeBinary(), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("readable", sa.LargeBinary()),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "kind in ('text', 'image', 'pdf')", name=op.f("ck_playground_attachments_kind")
        ),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["playground_sessions.id"],
            name=op.f("fk_playground_attachments_session_id_playground_sessions"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["message_id"],
            ["playground_messages.id"],
            name=op.f("fk_playground_attachments_message_id_playground_messages"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_playground_attachments")),
        sa.UniqueConstraint(
            "message_id",
            "position",
            name=op.f("uq_playground_attachments_message_id_position"),
        ),
    )
    op.create_index(
        op.f("ix_playground_attachments_session_id"), "playground_attachments", ["session_id"]
    )
