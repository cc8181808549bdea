"""Full-text search in documents and memories, with hits marked."""

from uuid import UUID

from sqlalchemy import ColumnElement, Table, func, literal_column, select
from sqlalchemy.orm import Session

from core.conversations import highlights
from core.conversations.answers import TextPart
from core.database.tables import storable

SIMPLE: ColumnElement[str] = literal_column("'simple'")
TEXT: ColumnElement[str] = literal_column(highlights.TEXT)


def has_words(table: Table, q: str) -> ColumnElement[bool]:
    """Return the condition that a row has the words that are searched for."""
    return table.c.search.op("@@")(_query(q))


def rank(table: Table, q: str) -> ColumnElement[float]:
    """Return how well a row matches them."""
    return func.ts_rank(table.c.search, _query(q))


def marked(session: Session, table: Table, ids: list[UUID], q: str | None, marks: str) -> dict[UUID, list[TextPart]]:
    """Return the texts of rows in pieces, with the words that were searched for marked; without any, nothing."""
    if not q:
        return {}
    headline = func.ts_headline(SIMPLE, TEXT, _query(q), marks)
    rows = session.execute(select(table.c.id, headline).where(table.c.id.in_(ids)))
    return {id_: highlights.parts(said) for id_, said in rows}


def _query(q: str) -> ColumnElement[object]:
    return func.websearch_to_tsquery(SIMPLE, func.searchable(storable(q)))
