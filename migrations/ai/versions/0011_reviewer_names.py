"""ai_admin_annotations: names of who reviewed and who applied them

Revision: 0011, after 0010
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    for status in ("reviewed", "applied"):
        op.add_column("ai_admin_annotations", sa.Column(f"{status}_by_name", sa.Text()))
        # The accounts are in the other database; their names are in the history of changes.
        op.execute(
            f"""
            update ai_admin_annotations as annotation set {status}_by_name = (
                select by_name from ai_annotation_changes as change
                where change.annotation_id = annotation.id and change.by = annotation.{status}_by
                    and change.after ->> 'status' = '{status}'
                order by at desc limit 1)
            where {status}_by is not null"""  # noqa: S608  the two names above
        )
