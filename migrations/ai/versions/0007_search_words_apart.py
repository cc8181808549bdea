"""the search finds words that punctuation joins; what is stored already is read again by the worker

Revision: 0007, after 0006
"""

from pathlib import Path

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

# The same functions as in `core`, whose migration also has the worker read again what is stored here.
FUNCTIONS = Path(__file__).parents[2] / "core" / "sql" / "0027_search.sql"
TRIGGERS = """
create function search_documents() returns trigger language plpgsql as $$
begin new.search := search_vector(new.title || ' ' || new.content); return new; end $$;
create function search_memories() returns trigger language plpgsql as $$
begin new.search := search_vector(new.content); return new; end $$;
create trigger search_documents before insert or update of title, content on ai_kb_documents
for each row execute function search_documents();
create trigger search_memories before insert or update of content on ai_memories
for each row execute function search_memories()"""


def upgrade() -> None:
    """Apply."""
    connection = op.get_bind()
    connection.exec_driver_sql(FUNCTIONS.read_text())
    for table in ("ai_kb_documents", "ai_memories"):
        op.execute(f"alter table {table} alter column search drop expression")
    connection.exec_driver_sql(TRIGGERS)
