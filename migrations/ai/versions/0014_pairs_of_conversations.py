"""preference_pairs.conversation_id: pairs of a comparison or a conversation are in one split

Revision: 0014, after 0013
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

STATEMENTS = (
    "alter table preference_pairs add column conversation_id uuid",
    # Which comparison a turn belongs to is in the other database
    "update preference_pairs set conversation_id = origin_id",
    "alter table preference_pairs alter column conversation_id set not null",
)


def upgrade() -> None:
    """Apply."""
    for statement in STATEMENTS:
        op.execute(sa.text(statement))
