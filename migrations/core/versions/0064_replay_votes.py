"""playground_replays: the vote on a replay

Revision: 0064, after 0063
"""

import sqlalchemy as sa
from alembic import op

revision = "0064"
down_revision = "0063"
branch_labels = None
depends_on = None

STATEMENTS = (
    "alter table playground_replays add column outcome text",
    "alter table playground_replays add column reason bytea",
    "alter table playground_replays add column voted_at timestamptz",
    """alter table playground_replays add constraint ck_playground_replays_outcome
        check (outcome in ('new', 'original', 'tie', 'both_bad'))""",
)


def upgrade() -> None:
    """Apply."""
    for statement in STATEMENTS:
        op.execute(sa.text(statement))
