"""List, search and read documents, with their history."""

from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Integer,
    RowMapping,
    Text,
    any_,
    func,
    literal,
    literal_column,
    select,
    text,
)
from sqlalchemy.orm import Session

from core.conversations import highlights
from core.database.paging import Page, Sort, SortCursor, SortedPage, Window
from core.database.tables import storable, table_of
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.ingest.external_ids import id_of, keys_of
from core.knowledge.documents.schemas import Change
from core.knowledge.errors import DocumentMissing
from core.knowledge.models import SORTED_CHARS, Document, DocumentChange
from core.knowledge.queries import marked_texts
from core.knowledge.schemas import DocumentState
from core.knowledge.views import (
    DocumentChangeView,
    DocumentFilter,
    DocumentOrder,
    DocumentStats,
    DocumentSummary,
    DocumentView,
    MadeOf,
    NamedCount,
    ScopeFigures,
)

documents, changes = table_of(Document), table_of(DocumentChange)

OPENING, MOST_CHANGES, MOST_TAGS = 300, 100, 30
# Each change holds the text before and after it, of up to a million characters
MOST_HISTORY_BYTES = 1_000_000  # as the database stores them, compressed
# Without `search` and the text, which are derived.
PLAIN = [
    column
    for column in documents.c
    if column.name not in ("search", "content", "attributes", "import_id")
]
OF_CONTENT = (
    func.left(documents.c.content, OPENING).label("opening"),
    func.length(documents.c.content).label("characters"),
)
SUMMARIES = select(*PLAIN, *OF_CONTENT)
NEWEST_FIRST = (changes.c.at.desc(), changes.c.id.desc())
BY_SCOPE = text("""
select scope, count(*) as documents, count(*) filter (where status = 'draft') as drafts,
    coalesce(sum(length(content)), 0) as characters, max(updated_at) as updated_at
from ai_kb_documents group by scope order by count(*) desc, scope""")
BY_TAG = text("""
select tag as name, count(*) as count from ai_kb_documents, unnest(tags) as tag
group by tag order by count(*) desc, tag limit :most""")


def list_made_of(session: Session, annotation: UUID, *, actor: Actor) -> list[MadeOf]:
    """Return the documents that were created from an annotation, oldest first."""
    require(actor, Permission.READ_CONTENTS)
    columns = documents.c
    led = columns.attributes["annotation_id"].astext == str(annotation)
    made = (
        select(columns.id, columns.title, columns.status)
        .where(led)
        .order_by(columns.created_at, columns.id)
    )
    return [MadeOf(**row) for row in session.execute(made).mappings()]


def list_documents(
    session: Session,
    filters: DocumentFilter,
    order: DocumentOrder | None = None,
    *,
    window: Window,
    after: SortCursor | None = None,
    actor: Actor,
) -> SortedPage[DocumentSummary]:
    """Return documents: without an order, best match first for a search, which has no cursor, else
    most recently changed first.
    """
    require(actor, Permission.READ_CONTENTS)
    where, cursor = _where(filters), None
    page = SUMMARIES.where(*where)
    if filters.q and order is None:
        rank = func.ts_rank(documents.c.search, highlights.query_of(filters.q))
        page = page.order_by(rank.desc(), documents.c.updated_at.desc(), documents.c.id.desc())
        rows = session.execute(page.limit(window.limit).offset(window.offset)).mappings().all()
    else:
        sort = sort_of(order or DocumentOrder.LATEST_FIRST)
        rows = session.execute(sort.page(page, window, after)).mappings().all()
        cursor = sort.next_cursor(rows, window)
    ids = [row["id"] for row in rows]
    marked = marked_texts(session, documents, ids, filters.q, highlights.SHORT)
    total = session.scalar(select(func.count()).select_from(documents).where(*where)) or 0
    items = [DocumentSummary(**row, parts=marked.get(row["id"])) for row in rows]
    return window.sorted_page(items, total, cursor)


def sort_of(order: DocumentOrder) -> Sort:
    """Return how documents are sorted, by what the table has indexes of."""
    values: dict[str, ColumnElement[Any]] = {
        "updated": documents.c.updated_at,
        # A literal number, because the index is of this very expression
        "title": func.left(documents.c.title, literal_column(str(SORTED_CHARS)), type_=Text),
        "scope": documents.c.scope,
        "characters": func.length(documents.c.content, type_=Integer),
    }
    return Sort.by(order, values[order.lstrip("-")], documents.c.id)


def list_documents_by_id(
    session: Session, filters: DocumentFilter, *, limit: int, after: UUID | None, actor: Actor
) -> list[DocumentSummary]:
    """Return the documents after one, by ID, unaffected by changes and without marks."""
    require(actor, Permission.READ_CONTENTS)
    page = SUMMARIES.where(*_where(filters)).order_by(documents.c.id).limit(limit)
    if after is not None:
        page = page.where(documents.c.id > after)
    return [DocumentSummary(**row, parts=None) for row in session.execute(page).mappings()]


def get_id(session: Session, given: str) -> UUID:
    """Return the key of a document by Attune's ID or the sender's; raise DocumentMissing."""
    id_ = id_of(session, documents, "document", given)
    if id_ is None:
        raise DocumentMissing
    return id_


def get_document(session: Session, given: str, *, actor: Actor) -> DocumentView:
    """Return a complete document by Attune's ID or the sender's, with the newest changes of its
    history; raise DocumentMissing.
    """
    require(actor, Permission.READ_CONTENTS)
    id_ = get_id(session, given)
    row = session.execute(select(documents).where(documents.c.id == id_)).mappings().one()
    known = {name: value for name, value in row.items() if name in DocumentView.model_fields}
    return DocumentView(
        **known,
        metadata=row["attributes"] or {},
        history=_list_newest_changes(session, id_),
        history_count=_count_changes(session, id_),
    )


def get_opening(session: Session, id_: UUID, longest: int, *, actor: Actor) -> str:
    """Return the first `longest` characters of a document; raise DocumentMissing."""
    require(actor, Permission.READ_CONTENTS)
    opening = func.left(documents.c.content, longest)
    found = session.scalar(select(opening).where(documents.c.id == id_))
    if found is None:
        raise DocumentMissing
    return str(found)


def list_changes(
    session: Session, given: str, window: Window, *, actor: Actor
) -> Page[DocumentChangeView]:
    """Return the changes by people to a document, newest first; also of a deleted one."""
    require(actor, Permission.CHANGE_KNOWLEDGE)
    # Of a deleted document nothing says which of both kinds of ID was passed
    ids = keys_of("document", storable(given))
    rows = select(changes).where(changes.c.document_id.in_(ids)).order_by(*NEWEST_FIRST)
    found = session.execute(rows.limit(window.limit).offset(window.offset)).mappings()
    return window.page([_change_view(row) for row in found], _count_changes(session, *ids))


def document_stats(session: Session, *, actor: Actor) -> DocumentStats:
    """Return the number of documents by scope and by tag."""
    require(actor, Permission.READ_CONTENTS)
    scopes = [ScopeFigures(**row) for row in session.execute(BY_SCOPE).mappings()]
    total, drafts = sum(each.documents for each in scopes), sum(each.drafts for each in scopes)
    return DocumentStats(
        documents=total,
        published=total - drafts,
        drafts=drafts,
        characters=sum(each.characters for each in scopes),
        updated_at=max((each.updated_at for each in scopes), default=None),
        scopes=scopes,
        tags=[NamedCount(**row) for row in session.execute(BY_TAG, {"most": MOST_TAGS}).mappings()],
    )


def _where(filters: DocumentFilter) -> list[ColumnElement[bool]]:
    columns = documents.c
    equal = {columns.scope: filters.scope, columns.status: filters.status}
    where: list[ColumnElement[bool]] = [
        column == value for column, value in equal.items() if value is not None
    ]
    if filters.tag is not None:
        where.append(literal(storable(filters.tag)) == any_(columns.tags))
    if filters.q:
        where.append(highlights.has_words(documents, filters.q))
    return where


def _list_newest_changes(session: Session, id_: UUID) -> list[DocumentChangeView]:
    """Return the newest changes whose texts are not too long together, at least one."""
    size = sum(
        func.coalesce(func.pg_column_size(changes.c[name]), 0) for name in ("before", "after")
    )
    sized = (
        select(
            changes.c.id,
            func.sum(size).over(order_by=NEWEST_FIRST).label("size"),
            func.row_number().over(order_by=NEWEST_FIRST).label("place"),
        )
        .where(changes.c.document_id == id_)
        .order_by(*NEWEST_FIRST)
        .limit(MOST_CHANGES)
        .cte("sized")
    )
    fits = (sized.c.size <= MOST_HISTORY_BYTES) | (sized.c.place == 1)
    rows = select(changes).join(sized, sized.c.id == changes.c.id).where(fits)
    found = session.execute(rows.order_by(*NEWEST_FIRST)).mappings()
    return [_change_view(row) for row in found]


def _count_changes(session: Session, *ids: UUID) -> int:
    of_them = changes.c.document_id.in_(ids)
    return session.scalar(select(func.count()).select_from(changes).where(of_them)) or 0


def _change_view(row: RowMapping) -> DocumentChangeView:
    known = {name: row[name] for name in ("id", "at", "by_name", "before", "after")}
    return DocumentChangeView(**known, what=_what(row))


def _what(row: RowMapping) -> Change:
    before, after = row["before"], row["after"]
    if after is None:
        return "deleted"
    if before is None:
        return "proposed" if after.get("status") == DocumentState.DRAFT else "made"
    is_accepted = (before.get("status"), after.get("status")) == (
        DocumentState.DRAFT,
        DocumentState.PUBLISHED,
    )
    return "published" if is_accepted else "changed"
