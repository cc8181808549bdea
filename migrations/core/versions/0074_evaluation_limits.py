"""What runs of evaluations with a cost limit have reserved

Revision: 0074, after 0073
"""

import sqlalchemy as sa
from alembic import op

revision = "0074"
down_revision = "0073"
branch_labels = None
depends_on = None

STATEMENTS = (
    "alter table evaluation_results add column reserved_usd numeric(14, 8)",
    """create index ix_evaluation_results_reserved on evaluation_results (evaluation_id)
        where reserved_usd is not null""",
)


def upgrade() -> None:
    """Apply."""
    for statement in STATEMENTS:
        op.execute(sa.text(statement))
