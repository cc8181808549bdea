"""import_traces: one trace an import and row

Revision: 0030, after 0029
"""

from pathlib import Path

from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

SQL = Path(__file__).parents[1] / "sql" / "import_traces.sql"

# Of the user of a conversation, an import reported the name.
NAME = """
update import_traces set image = image || jsonb_build_object(
    'user_name', (select external_id from users where users.id = (image ->> 'user_id')::uuid))
where kind = 'conversations' and image is not null"""


def upgrade() -> None:
    """Apply."""
    for image in ("before", "after"):
        op.execute(NAME.replace("image", image))
    op.get_bind().connection.cursor().execute(SQL.read_text())
