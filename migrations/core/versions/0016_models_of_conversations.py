"""conversations say which models answered in them: a list by model need not look at messages

Revision: 0016, after 0015
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

FILL = """
update conversations set models = named
from (
    select conversation_id, array_agg(distinct model order by model) as named
    from messages where model is not null group by conversation_id
) as answered where answered.conversation_id = conversations.id"""


def upgrade() -> None:
    """Apply."""
    models: sa.Column[list[str]] = sa.Column("models", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False)
    op.add_column("conversations", models)
    op.execute(FILL)
