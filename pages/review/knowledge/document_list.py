"""Documents in a table, or, when words were searched for, each with what was found in it."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.database.paging import Window
from core.identity.permissions import Permission, may
from core.identity.schemas import Actor
from core.knowledge.answers import DocumentFilter, DocumentStats, DocumentSummary
from core.knowledge.documents import document_list
from core.knowledge.schemas import DocumentState
from core.presentation import words
from pages._ui import document_editor, errors, filters, frame, state, tables, text, watch
from pages._ui.cache import Reads
from pages._ui.filters import Filters
from pages._ui.lists import user_list
from pages._ui.lists.conversation_list import marked
from pages._ui.watch import Header
from pages.review.knowledge import folder_upload

PAGE, SHOWN, MOST_SCOPES = "documents", 25, 12
ABOUT = {
    "Documents": "Documents the assistant can use",
    "Memories": "What the assistant remembers about users",
    "Feedback": "User ratings of answers",
}
column = st.column_config
COLUMNS = {
    "Title": column.TextColumn(width=240),
    "Scope": column.TextColumn(width=120),
    "Status": column.MultiselectColumn(options=list(document_editor.STATES.values()), color=["green", "orange"], width=95),
    "Tags": column.ListColumn(width=170),
    "Characters": column.NumberColumn(format="localized", width=75),
    "Updated": column.DatetimeColumn(format="D MMM HH:mm", width=105),
}


def header(section: str, actor: Actor) -> Header:
    """Draw the title of the page, and over documents what admins do with them."""
    made = watch.header("Knowledge", ABOUT[section])
    if section == "Documents" and may(actor, Permission.CHANGE_KNOWLEDGE):
        with made.actions:
            st.button("New document", icon=":material/add:", key="documents.new", on_click=document_editor.begin_new)
            st.button(
                "Upload folder", icon=":material/drive_folder_upload:", key="documents.folder", on_click=folder_upload.begin
            )
    return made


def draw(reads: Reads, place: Header) -> None:
    """Draw the documents that the filters match, and how many there are of each scope."""
    if document_editor.is_new():
        document_editor.draw_new()
        return
    folder_upload.draw()
    found = reads.ask_ai(document_list.document_stats)
    offers = {
        "scope": {each.scope: each.scope for each in found.scopes if each.scope},
        "tag": {each.name: each.name for each in found.tags},
        "status": document_editor.STATES,
    }
    chosen = filters.bar(PAGE, reads, ("q", "scope", "status", "tag"), offers=offers, is_timed=False)
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
    window = Window(SHOWN, (state.get(f"{at}.page", 1) - 1) * SHOWN)
    page = reads.ask_ai(document_list.list_documents, wanted(chosen), window=window)
    if not page.total_count:
        _say_none(chosen)
        return
    found = "best match first" if chosen["q"] else "select a row to open it"
    st.caption(f"{words.count(page.total_count, 'document')} · {found}")
    if chosen["q"]:
        _draw_found(page.items, chosen.period.zone)
    else:
        _draw_table(page.items, chosen.period.zone, f"{at}.{window.offset}")
    tables.draw_pages(page.total_count, SHOWN, at)


def wanted(chosen: Filters) -> DocumentFilter:
    """Return which documents are wanted; a status that we do not know is no filter."""
    status = DocumentState(chosen.chosen["status"]) if chosen["status"] in set(DocumentState) else None
    return DocumentFilter(chosen["q"], chosen["scope"], status, chosen["tag"])


def name_of(row: DocumentSummary) -> str:
    """Return what a document is called: its title, or how it begins."""
    return text.one_line(row.title or row.opening or row.external_id)[:120]


def show(id_: str) -> None:
    """Open a document; from a callback."""
    st.query_params["document"] = id_


def _draw_table(rows: Sequence[DocumentSummary], zone: str, key: str) -> None:
    table = pd.DataFrame(
        {
            "Title": [name_of(row) for row in rows],
            "Scope": [text.one_line(row.scope) for row in rows],
            "Status": [[document_editor.STATES[row.status]] for row in rows],
            "Tags": [[text.one_line(tag) for tag in row.tags] for row in rows],
            "Characters": [row.characters for row in rows],
            "Updated": user_list.times([row.updated_at for row in rows], zone),
        }
    )

    def picked(number: int) -> None:
        show(str(rows[number].id))

    tables.show(table, words.count(len(rows), "document"), key=key, columns=COLUMNS, on_pick=picked)


def _draw_found(rows: Sequence[DocumentSummary], zone: str) -> None:
    for row in rows:
        with st.container(border=True, gap="xsmall", key=f"found-{row.id}"):
            with st.container(key=f"list-found-{row.id}"):
                label = f"**{text.plain(name_of(row))}**"
                st.button(label, type="tertiary", key=f"documents.open.{row.id}", on_click=show, args=(str(row.id),))
            if row.parts:
                st.html(f'<p class="attune-found"><bdi>{text.upright(marked(row.parts))}</bdi></p>')
            facts = [row.scope, document_editor.STATES[row.status], *row.tags, f"updated {words.moment(row.updated_at, zone)}"]
            st.caption(text.plain(text.one_line(" · ".join(filter(None, facts)))))


def _draw_scopes(found: DocumentStats) -> None:
    note = f"{words.count(found.documents, 'document')} · {words.count(found.drafts, 'draft')}"
    with watch.panel("Scopes", note), st.container(border=True, gap="xsmall"):
        for each in found.scopes[:MOST_SCOPES]:
            drafts = f" · {words.count(each.drafts, 'draft')}" if each.drafts else ""
            said = f"{words.count(each.documents, 'document')}{drafts} · {words.number(each.characters)} characters"
            st.markdown(f"**{text.plain(text.one_line(each.scope) or 'No scope')}**  \n:gray[:small[{said}]]")


def _say_none(chosen: Filters) -> None:
    if chosen.narrowed:
        watch.none_match(PAGE, "documents", chosen)
        return
    body = "Create a document, upload a folder of Markdown, or send documents through the API."
    frame.empty_state("menu_book", "No documents yet", body)
