"""sorting: documents by each column of their table

Revision: 0009, after 0008
"""

from alembic import op
from sqlalchemy import text

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

TABLE = "ai_kb_documents"


def upgrade() -> None:
    """Apply."""
    op.create_index("ix_ai_kb_documents_updated_at_id", TABLE, ["updated_at", "id"])
    op.create_index("ix_ai_kb_documents_scope_id", TABLE, ["scope", "id"])
    op.create_index("ix_ai_kb_documents_title", TABLE, [text("left(title, 100)"), "id"])
    op.create_index("ix_ai_kb_documents_characters", TABLE, [text("length(content)"), "id"])
