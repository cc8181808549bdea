"""owners of funnel parts in the index of the primary key

Revision: 0083, after 0082
"""

from alembic import op

revision = "0083"
down_revision = "0082"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.drop_constraint("pk_funnel_parts", "funnel_parts")
    op.execute(
        "alter table funnel_parts add constraint pk_funnel_parts"
        " primary key (part, environment, app) include (owner)"
    )
