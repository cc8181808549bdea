"""Documents in a table, each with its beginning in a drawer."""

from collections.abc import Sequence
from functools import partial

import streamlit as st

from core.database.paging import Page
from core.knowledge.documents import queries
from core.knowledge.views import DocumentOrder, DocumentSummary
from core.presentation import formatting
from pages._ui import columns, dialogs, frame, tables, text
from pages._ui.cache import Reads
from pages._ui.review import document_editor
from pages._ui.tables import Sorting, TableColumn

LONGEST_OPENING = 300
STATUS_COLOURS = dict(zip(document_editor.STATES.values(), ("green", "orange"), strict=False))


def name_of(row: DocumentSummary) -> str:
    """Return a document's title, else its beginning."""
    return text.one_line(row.title or row.opening or row.external_id)[:120]


def draw(page: Page[DocumentSummary], reads: Reads, zone: str, at: str, sorting: Sorting) -> None:
    shown: Sequence[TableColumn[DocumentSummary]] = [
        columns.text(
            "Title",
            name_of,
            width=240,
            orders={DocumentOrder.TITLE: "↑", DocumentOrder.TITLE_BACKWARDS: "↓"},
        ),
        columns.text(
            "Scope",
            lambda row: row.scope,
            width=120,
            orders={DocumentOrder.SCOPE: "↑", DocumentOrder.SCOPE_BACKWARDS: "↓"},
        ),
        columns.chip(
            "Status", lambda row: document_editor.STATES[row.status], STATUS_COLOURS, width=95
        ),
        columns.tags("Tags", lambda row: row.tags, width=170),
        columns.number(
            "Characters",
            lambda row: row.characters,
            width=75,
            orders={DocumentOrder.LONGEST_FIRST: "↓", DocumentOrder.SHORTEST_FIRST: "↑"},
        ),
        columns.moment(
            "Updated",
            lambda row: row.updated_at,
            zone,
            format="D MMM HH:mm",
            width=105,
            orders={DocumentOrder.LATEST_FIRST: "↓", DocumentOrder.OLDEST_FIRST: "↑"},
        ),
    ]
    tables.draw_page(
        page, shown, "document", name="documents", at=at, on_open=dialogs.open_row, sorting=sorting
    )
    dialogs.draw_opened(page.items, "Document", partial(_draw_one, zone), partial(_read, reads))


def _read(reads: Reads, id_: str) -> DocumentSummary:
    found = reads.ask_ai(queries.get_document, id_)
    opening, characters = found.content[:LONGEST_OPENING], len(found.content)
    return DocumentSummary(**dict(found), opening=opening, characters=characters)


def _draw_one(zone: str, row: DocumentSummary) -> None:
    frame.section(text.plain(name_of(row)))
    frame.facts(
        {
            "Scope": row.scope,
            "Status": document_editor.STATES[row.status],
            "Characters": f"{row.characters:,}",
            "Updated": formatting.moment(row.updated_at, zone),
            "Tags": ", ".join(row.tags),
            "ID": row.external_id,
        }
    )
    if row.title and row.opening:
        st.caption(text.plain(text.one_line(row.opening)))
    dialogs.draw_link("knowledge", "Open document", "menu_book", document=str(row.id))
