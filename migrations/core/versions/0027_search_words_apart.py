"""the search finds words that punctuation joins; what is stored already is read again by the worker

Revision: 0027, after 0026
"""

from pathlib import Path

from alembic import op
from sqlalchemy.orm import Session

from core.jobs import queue

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

FUNCTIONS = Path(__file__).parents[1] / "sql" / "0027_search.sql"
# A generated column would be written anew for every row while nobody may read the table: a trigger takes its place.
TRIGGER = """
create function search_messages() returns trigger language plpgsql as $$
begin new.search := search_vector(new.content); return new; end $$;
create trigger search_messages before insert or update of content on messages for each row execute function search_messages()"""


def upgrade() -> None:
    """Apply."""
    connection = op.get_bind()
    connection.exec_driver_sql(FUNCTIONS.read_text())
    op.execute("alter table messages alter column search drop expression")
    connection.exec_driver_sql(TRIGGER)
    for table in ("messages", "ai_kb_documents", "ai_memories"):
        queue.defer(Session(connection), "system.search_again", table=table, behind=None)
