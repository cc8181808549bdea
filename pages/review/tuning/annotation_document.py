"""From an annotation onward: what was made of it, and a document that one makes of it; an admin publishes that."""

import streamlit as st
from pydantic import ValidationError

from core.annotations.schemas import AnnotationView
from core.database.db import Database, transaction
from core.errors import Invalid
from core.knowledge.answers import MadeOf
from core.knowledge.documents import document_list, editing
from core.knowledge.documents.bodies import Proposal
from pages._ui import cache, document_editor, errors, guard, links, state, text

TITLE, SCOPE, CONTENT = (f"annotation.document.{name}" for name in ("title", "scope", "content"))
LONGEST_TITLE = 500


def draw(one: AnnotationView, *, may_propose: bool) -> None:
    """Draw what was made of an annotation, and the way to make a document."""
    for each in read(one):
        name = f"{text.one_line(each.title)[:100]} ({document_editor.STATES[each.status].lower()})"
        links.draw("knowledge", f"Document: {name}", icon="menu_book", document=str(each.id))
    if may_propose and (one.content or one.suggested_response):
        st.button("Create document", icon=":material/note_add:", key="annotation.document", on_click=begin, args=(one,))
        if state.take("annotation.document.opens"):
            _ask(one)


def read(one: AnnotationView) -> list[MadeOf]:
    """Read the documents that were made of an annotation."""
    with guard.work() as (_, actor), transaction(Database.AI) as ai:
        return document_list.list_made_of(ai, one.id, actor=actor)


def begin(one: AnnotationView) -> None:
    """Open the form, from a callback: with what should have been said, else with what was said of it."""
    state.put(TITLE, "")
    state.put(SCOPE, "")
    state.put(CONTENT, text.upright(one.suggested_response or one.content))
    state.put("annotation.document.opens", True)


@st.dialog("Create document", width="large")
def _ask(one: AnnotationView) -> None:
    st.caption("The assistant can use it after an admin publishes it.")
    st.text_input("Title", key=TITLE, max_chars=LONGEST_TITLE)
    st.text_input("Scope", key=SCOPE, max_chars=LONGEST_TITLE, placeholder="For example: help centre")
    st.text_area("Content (Markdown)", key=CONTENT, height=260)
    place = st.container()
    with st.container(horizontal=True):
        if st.button("Propose document", type="primary", key="annotation.document.propose"):
            with errors.InForm(place):
                propose(one)
                st.rerun()
        if st.button("Cancel", key="annotation.document.cancel"):
            st.rerun()


def propose(one: AnnotationView) -> None:
    """Make a draft of what is in the form; raise why it cannot be one."""
    try:
        given = Proposal(
            title=state.get(TITLE, "").strip(),
            scope=state.get(SCOPE, "").strip(),
            content=state.get(CONTENT, ""),
            tags=one.tags,
            message_id=one.message_id,
            conversation_id=one.conversation_id,
            annotation_id=one.id,
        )
    except ValidationError as wrong:
        raise Invalid("Enter a title and content.") from wrong
    with guard.work() as (_, actor), transaction(Database.AI) as ai:
        editing.propose_document(ai, given, actor=actor)
    cache.forget()
    state.toast("Document proposed; waiting for an admin to publish it")
