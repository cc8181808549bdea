"""One document: its head, and what can be done with it."""

import streamlit as st

from core.identity.permissions import Permission, may
from core.identity.schemas import Actor
from core.knowledge.documents import queries, service
from core.knowledge.errors import DocumentMissing
from core.knowledge.schemas import DocumentState
from core.knowledge.views import DocumentView
from core.presentation import formatting
from core.system import workspace
from pages._ui import (
    cache,
    dialogs,
    errors,
    frame,
    guard,
    links,
    state,
    text,
    watch,
)
from pages._ui.review import document_editor
from pages.review.knowledge import document_content


def draw(actor: Actor) -> None:
    """Draw the document that the address names."""
    frame.back("All documents", close, "documents.back")
    try:
        with guard.ai_work() as (ai, who):
            found = queries.get_document(ai, st.query_params["document"], actor=who)
    except DocumentMissing as missing:
        st.title("Knowledge", anchor=False)
        frame.empty_state("menu_book", "Document not found", missing.detail)
        return
    if may(actor, Permission.CHANGE_KNOWLEDGE) and document_editor.is_open(found):
        document_editor.draw()
        return
    zone = workspace.zone()
    _draw_head(found, zone, may_change=may(actor, Permission.CHANGE_KNOWLEDGE))
    left, right = st.columns([2.6, 1], gap="medium")
    with left:
        document_content.draw(found, zone)
    with right:
        _draw_facts(found, zone)


def close() -> None:
    """Go back to the list, from a callback."""
    st.query_params.pop("document", None)


def _name(found: DocumentView) -> str:
    # Programs may send a document without a title
    return text.plain(text.one_line(found.title or found.external_id)[:200])


def _draw_head(found: DocumentView, zone: str, *, may_change: bool) -> None:
    row = st.container(
        horizontal=True,
        horizontal_alignment="distribute",
        vertical_alignment="bottom",
        gap="medium",
    )
    with row.container(gap=None, width="content"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.title(_name(found), anchor=False, width="content")
            if found.status is DocumentState.DRAFT:
                st.badge("Draft", color="orange")
        facts = [
            found.scope,
            formatting.count(len(found.content), "character"),
            f"updated {formatting.moment(found.updated_at, zone)} ({zone})",
        ]
        st.caption(text.plain(text.one_line(" · ".join(filter(None, facts)))))
    if not may_change:
        return
    with row.container(horizontal=True, width="content", vertical_alignment="center", gap="small"):
        if found.status is DocumentState.DRAFT:
            st.button(
                "Publish",
                icon=":material/check:",
                type="primary",
                key="documents.publish",
                on_click=publish,
                args=(str(found.id),),
            )
        st.button(
            "Edit",
            icon=":material/edit:",
            key="documents.edit",
            on_click=document_editor.begin,
            args=(found,),
        )
        if st.button("Delete", icon=":material/delete:", key="documents.delete"):
            _ask_to_delete(found)


@errors.action
def publish(id_: str) -> None:
    with guard.ai_work() as (ai, actor):
        service.accept_document(ai, id_, actor=actor)
    cache.forget()
    state.toast("Document published")


@errors.action
def delete(id_: str) -> None:
    with guard.ai_work() as (ai, actor):
        service.delete_document(ai, id_, actor=actor)
    close()
    cache.forget()
    state.toast("Document deleted")


def _ask_to_delete(found: DocumentView) -> None:
    body = f"“{_name(found)}” will be deleted. Admins can still read its history through the API."
    dialogs.confirm(
        "Delete this document?", body, "Delete document", delete, str(found.id), key="documents"
    )


def _draw_facts(found: DocumentView, zone: str) -> None:
    known = {
        "Scope": found.scope,
        "Tags": ", ".join(found.tags),
        "Source": found.source or "",
        "Proposed by": str(found.metadata.get("proposed_by", "")),
        "Created": formatting.moment(found.created_at, zone),
        "External ID": found.external_id,
    }
    watch.details("Details", known)
    with watch.panel("Related"), st.container(gap=None):
        place = {
            name: str(found.metadata.get(f"{name}_id") or "")
            for name in ("conversation", "message")
        }
        # Only of proposals: metadata of programs may have other IDs under these names.
        if found.source == service.REVIEW and all(place.values()):
            links.draw("tuning", "Source conversation", icon="forum", **place)
        address = f"/api/v1/admin/ai/knowledge/documents/{found.id}"
        st.link_button("View JSON", address, icon=":material/data_object:", type="tertiary")
