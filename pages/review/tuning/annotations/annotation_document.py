"""The documents made from an annotation, and the form that proposes one for admins to publish."""

from functools import partial

import streamlit as st
from pydantic import ValidationError

from core.annotations.schemas import AnnotationView
from core.errors import Invalid
from core.knowledge.documents import queries, service
from core.knowledge.documents.schemas import Proposal
from core.knowledge.views import MadeOf
from pages._ui import cache, dialogs, guard, links, state, text
from pages._ui.review import document_editor

TITLE, SCOPE, CONTENT = (f"annotation.document.{name}" for name in ("title", "scope", "content"))
LONGEST_TITLE = 500


def draw(one: AnnotationView, *, may_propose: bool) -> None:
    for each in read(one):
        name = f"{text.one_line(each.title)[:100]} ({document_editor.STATES[each.status].lower()})"
        links.draw("knowledge", f"Document: {name}", icon="menu_book", document=str(each.id))
    if may_propose and (one.content or one.suggested_response):
        st.button(
            "Create document",
            icon=":material/note_add:",
            key="annotation.document",
            on_click=begin,
            args=(one,),
        )


def read(one: AnnotationView) -> list[MadeOf]:
    with guard.ai_work() as (ai, actor):
        return queries.list_made_of(ai, one.id, actor=actor)


def begin(one: AnnotationView) -> None:
    """Open the form, from a callback, with the suggested response or the comment."""
    state.put(TITLE, "")
    state.put(SCOPE, "")
    state.put(CONTENT, text.upright(one.suggested_response or one.content))
    dialogs.leave_for(partial(_ask, one))


@st.dialog("Create document", width="large")
def _ask(one: AnnotationView) -> None:
    st.caption("The assistant can use it after an admin publishes it.")
    st.text_input("Title", key=TITLE, max_chars=LONGEST_TITLE)
    st.text_input(
        "Scope", key=SCOPE, max_chars=LONGEST_TITLE, placeholder="For example: help centre"
    )
    st.text_area("Content (Markdown)", key=CONTENT, height=260)
    dialogs.submit("Propose document", partial(propose, one), key="annotation.document")


def propose(one: AnnotationView) -> None:
    """Create a draft from the form; raise Invalid."""
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
    with guard.ai_work() as (ai, actor):
        service.propose_document(ai, given, actor=actor)
    cache.forget()
    # Back to the drawer that the dialog has replaced
    dialogs.open_row(one)
    state.toast("Document proposed; waiting for an admin to publish it")
