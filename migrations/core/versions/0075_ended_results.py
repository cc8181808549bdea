"""An index that has what lists and comparisons of evaluations count

Revision: 0075, after 0074
"""

import sqlalchemy as sa
from alembic import op

revision = "0075"
down_revision = "0074"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.execute(
        sa.text(
            """create index ix_evaluation_results_ended
            on evaluation_results (evaluation_id, position, target) include (status, passed, score)
            where status in ('completed', 'failed')"""
        )
    )
