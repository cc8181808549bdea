"""playground_messages: rating and note; playground_sessions: the message that was not sent yet

Revision: 0063, after 0062
"""

import sqlalchemy as sa
from alembic import op

revision = "0063"
down_revision = "0062"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.execute(
        sa.text(
            """alter table playground_messages
                add column rating smallint,
                add column note bytea,
                add constraint ck_playground_messages_rating check (rating in (-1, 1))"""
        )
    )
    op.execute(sa.text("alter table playground_sessions add column unsent_message bytea"))
