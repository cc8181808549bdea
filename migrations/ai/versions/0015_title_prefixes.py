"""an index of the beginnings of the titles of documents

Revision: 0015, after 0014
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.execute(
        sa.text(
            """create index ix_ai_kb_documents_title_prefix
                on ai_kb_documents (lower(left(title, 100)) text_pattern_ops)
                where left(title, 100) is not null"""
        )
    )
