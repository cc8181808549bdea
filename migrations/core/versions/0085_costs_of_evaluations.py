"""evaluation_tests: room for the sum of what 100,000 answers may cost

Revision: 0085, after 0084
"""

import sqlalchemy as sa
from alembic import op

revision = "0085"
down_revision = "0084"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.alter_column("evaluation_tests", "spent_usd", type_=sa.Numeric(20, 8))
