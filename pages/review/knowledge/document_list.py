"""Documents in a table, or with their matches of a search."""

from collections.abc import Sequence
from functools import partial

import streamlit as st

from core.database.paging import Page
from core.identity.permissions import Permission, may
from core.identity.schemas import Actor
from core.knowledge.documents import queries
from core.knowledge.schemas import DocumentState
from core.knowledge.views import DocumentFilter, DocumentOrder, DocumentStats, DocumentSummary
from core.presentation import formatting
from pages._ui import columns, dialogs, errors, frame, links, tables, text, watch
from pages._ui.cache import Reads
from pages._ui.filters import filter_bar, filter_state
from pages._ui.filters.selection import Filters
from pages._ui.review import document_editor
from pages._ui.review.conversation_list import marked
from pages._ui.tables import Sorting, TableColumn
from pages._ui.watch import Header
from pages.review.knowledge import folder_upload

PAGE, SHOWN, MOST_SCOPES, LONGEST_OPENING = "documents", 25, 12, 300
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
ABOUT = {
    "Documents": "Documents the assistant can use",
    "Memories": "What the assistant remembers about users",
    "Feedback": "User ratings of answers",
}
STATUS_COLOURS = dict(zip(document_editor.STATES.values(), ("green", "orange"), strict=False))


def header(section: str, actor: Actor) -> Header:
    """Draw the page's header, with the actions of admins on documents."""
    made = watch.header("Knowledge", ABOUT[section])
    if section == "Documents" and may(actor, Permission.CHANGE_KNOWLEDGE):
        with made.actions:
            st.button(
                "New document",
                icon=":material/add:",
                key="documents.new",
                type="primary",
                disabled=document_editor.is_new(),  # again, it would empty the open form
                on_click=document_editor.begin_new,
            )
            st.button(
                "Upload folder",
                icon=":material/drive_folder_upload:",
                key="documents.folder",
                on_click=folder_upload.begin,
            )
    return made


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
    if not found.documents:
        _say_none(chosen)
    else:
        left, right = st.columns([3.2, 1], gap="medium")
        with left:
            _draw_list(reads, chosen)
        with right:
            _draw_scopes(found)
    place.finish(reads, chosen, csv="ai/knowledge/documents")


@errors.part("Documents")
def _draw_list(reads: Reads, chosen: Filters) -> None:
    at = f"{PAGE}.{hash(tuple(chosen.chosen.items()))}"
    order = chosen.one_of(DocumentOrder, "sort")
    page = reads.ask_ai(
        queries.list_documents, document_filter(chosen), order, window=tables.window(at, SHOWN)
    )
    if not page.total_count:
        _say_none(chosen)
        return
    matches = "matching" if order else "best match first"
    found = matches if chosen["q"] else "click a row for details, a header to sort"
    st.caption(f"{formatting.count(page.total_count, 'document')} · {found}")
    if chosen["q"]:
        _draw_found(page.items, chosen.period.zone)
        tables.draw_pages(page.total_count, SHOWN, at)
    else:
        sorting = Sorting(order or DocumentOrder.LATEST_FIRST, sort)
        _draw_table(page, reads, chosen.period.zone, at, sorting)


def sort(order: str) -> None:
    """Set the order, from a callback; the default is not in the address."""
    filter_state.put(PAGE, sort=order if order != DocumentOrder.LATEST_FIRST else "")


def document_filter(chosen: Filters) -> DocumentFilter:
    status = chosen.one_of(DocumentState, "status")
    return DocumentFilter(chosen["q"], chosen["scope"], status, chosen["tag"])


def name_of(row: DocumentSummary) -> str:
    """Return a document's title, else its beginning."""
    return text.one_line(row.title or row.opening or row.external_id)[:120]


def show(id_: str) -> None:
    """Open a document, from a callback."""
    st.query_params["document"] = id_


def _draw_table(
    page: Page[DocumentSummary], reads: Reads, zone: str, at: str, sorting: Sorting
) -> None:
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
    links.draw("knowledge", "Open document", icon="menu_book", document=str(row.id))


def _draw_found(rows: Sequence[DocumentSummary], zone: str) -> None:
    for row in rows:
        with st.container(border=True, gap="xsmall", key=f"found-{row.id}"):
            with st.container(key=f"list-found-{row.id}"):
                label = f"**{text.plain(name_of(row))}**"
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
