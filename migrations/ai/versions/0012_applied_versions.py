"""ai_admin_annotations: the prompt version that an annotation was applied by

Revision: 0012, after 0011
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column("ai_admin_annotations", sa.Column("applied_version", sa.Text()))
    op.create_index(
        "ix_ai_admin_annotations_applied_version",
        "ai_admin_annotations",
        ["applied_version"],
        postgresql_where=sa.text("applied_version is not null"),
    )
