"""Documents in a table, or with their matches of a search."""

from collections.abc import Sequence

import streamlit as st

from core.knowledge.documents import queries
from core.knowledge.schemas import DocumentState
from core.knowledge.views import DocumentFilter, DocumentOrder, DocumentStats, DocumentSummary
from core.presentation import formatting
from pages._ui import errors, frame, tables, text, watch
from pages._ui.cache import Reads
from pages._ui.filters import filter_bar, filter_state
from pages._ui.filters.selection import Filters
from pages._ui.review import document_editor
from pages._ui.review.conversation_list import marked
from pages._ui.tables import Sorting
from pages._ui.watch import Header
from pages.review.knowledge import document_table, folder_upload

PAGE, SHOWN, MOST_SCOPES = "documents", 25, 12
ORDERS = {
    "": "Best match, newest",
    DocumentOrder.LATEST_FIRST: "Updated: newest",
    DocumentOrder.OLDEST_FIRST: "Updated: oldest",
    DocumentOrder.TITLE: "Title: A to Z",
    DocumentOrder.TITLE_BACKWARDS: "Title: Z to A",
    DocumentOrder.SCOPE: "Scope: A to Z",
    DocumentOrder.SCOPE_BACKWARDS: "Scope: Z to A",
    DocumentOrder.LONGEST_FIRST: "Characters: most",
    DocumentOrder.SHORTEST_FIRST: "Characters: fewest",
}


def draw(reads: Reads, place: Header) -> None:
    """Draw the matching documents, and totals by scope."""
    if document_editor.is_new():
        document_editor.draw_new()
        return
    folder_upload.draw()
    found = reads.ask_ai(queries.document_stats)
    offers = {
        "scope": {each.scope: each.scope for each in found.scopes if each.scope},
        "tag": {each.name: each.name for each in found.tags},
        "status": document_editor.STATES,
        "sort": ORDERS,
    }
    shown = ("q", "scope", "status", "tag", "sort")
    chosen = filter_bar.draw(PAGE, reads, shown, offers=offers, is_timed=False)
    has_rows = False
    if not found.documents:
        _say_none(chosen)
    else:
        left, right = st.columns([3.2, 1], gap="medium")
        with left:
            has_rows = bool(_draw_list(reads, chosen))
        with right:
            _draw_scopes(found)
    place.finish(reads, chosen, csv="ai/knowledge/documents" if has_rows else None)


@errors.part("Documents")
def _draw_list(reads: Reads, chosen: Filters) -> bool:
    at = f"{PAGE}.{hash(tuple(chosen.chosen.items()))}"
    order = chosen.one_of(DocumentOrder, "sort")
    page = reads.ask_ai(
        queries.list_documents, document_filter(chosen), order, window=tables.window(at, SHOWN)
    )
    if not page.total_count:
        _say_none(chosen)
        return False
    matches = "matching" if order else "best match first"
    found = matches if chosen["q"] else "click a row for details, a header to sort"
    st.caption(f"{formatting.count(page.total_count, 'document')} · {found}")
    if chosen["q"]:
        _draw_found(page.items, chosen.period.zone)
        tables.draw_pages(page.total_count, SHOWN, at)
    else:
        sorting = Sorting(order or DocumentOrder.LATEST_FIRST, sort)
        document_table.draw(page, reads, chosen.period.zone, at, sorting)
    return True


def sort(order: str) -> None:
    """Set the order, from a callback; the default is not in the address."""
    filter_state.put(PAGE, sort=order if order != DocumentOrder.LATEST_FIRST else "")


def document_filter(chosen: Filters) -> DocumentFilter:
    status = chosen.one_of(DocumentState, "status")
    return DocumentFilter(chosen["q"], chosen["scope"], status, chosen["tag"])


def show(id_: str) -> None:
    """Open a document, from a callback."""
    st.query_params["document"] = id_


def _draw_found(rows: Sequence[DocumentSummary], zone: str) -> None:
    for row in rows:
        with st.container(border=True, gap="xsmall", key=f"found-{row.id}"):
            with st.container(key=f"list-found-{row.id}"):
                label = f"**{text.plain(document_table.name_of(row))}**"
                st.button(
                    label,
                    type="tertiary",
                    key=f"documents.open.{row.id}",
                    on_click=show,
                    args=(str(row.id),),
                )
            if row.parts:
                st.html(f'<p class="attune-found"><bdi>{text.upright(marked(row.parts))}</bdi></p>')
            facts = [
                row.scope,
                document_editor.STATES[row.status],
                *row.tags,
                f"updated {formatting.moment(row.updated_at, zone)}",
            ]
            st.caption(text.plain(text.one_line(" · ".join(filter(None, facts)))))


def _draw_scopes(found: DocumentStats) -> None:
    note = (
        f"{formatting.count(found.documents, 'document')} · "
        f"{formatting.count(found.drafts, 'draft')}"
    )
    with watch.panel("Scopes", note), st.container(border=True, gap="xsmall"):
        for each in found.scopes[:MOST_SCOPES]:
            drafts = f" · {formatting.count(each.drafts, 'draft')}" if each.drafts else ""
            said = (
                f"{formatting.count(each.documents, 'document')}{drafts} · "
                f"{formatting.number(each.characters)} characters"
            )
            st.markdown(
                f"**{text.plain(text.one_line(each.scope) or 'No scope')}**  "
                f"\n:gray[:small[{said}]]"
            )


def _say_none(chosen: Filters) -> None:
    if chosen.narrowed:
        watch.none_match(PAGE, "documents", chosen)
        return
    body = "Create a document, upload a folder of Markdown, or send documents through the API."
    frame.empty_state("menu_book", "No documents yet", body)
