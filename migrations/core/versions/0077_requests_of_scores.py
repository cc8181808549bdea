"""prompt versions and arms of the AI requests that scores are about

Revision: 0077, after 0076
"""

import sqlalchemy as sa
from alembic import op

revision = "0077"
down_revision = "0076"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply; the worker looks up the requests of all scores that there are."""
    for name in ("request_versions", "request_arms"):
        op.add_column("message_scores", sa.Column(name, sa.ARRAY(sa.Text()), nullable=True))
    due = sa.Column(
        "requests_due_at",
        sa.DateTime(timezone=True),
        server_default=sa.text("now()"),
        nullable=True,
    )
    op.add_column("message_scores", due)
    op.create_index(
        "ix_message_scores_requests_due",
        "message_scores",
        ["requests_due_at"],
        postgresql_where=sa.text("requests_due_at is not null"),
    )
