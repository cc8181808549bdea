"""The editor of a document. It is saved as a whole, and never over a newer version."""

from collections.abc import Sequence
from typing import Any

import streamlit as st
from pydantic import ValidationError

from core.errors import Invalid
from core.knowledge.documents import service as document_service
from core.knowledge.documents.schemas import DocumentBody, DocumentChangeBody
from core.knowledge.schemas import DocumentState
from core.knowledge.views import DocumentView
from pages._ui import cache, errors, guard, state

OPEN, NEW = "documents.editing", "documents.is_new"
NAMES = ("title", "scope", "tags", "status", "content")
STATES: dict[str, str] = {DocumentState.PUBLISHED: "Published", DocumentState.DRAFT: "Draft"}


def begin(found: DocumentView) -> None:
    """Open the editor of a document, from a callback."""
    close()
    state.put(OPEN, (found.id, found.updated_at, found.tags))
    given = {"title": found.title, "scope": found.scope, "tags": _in_field(found.tags)}
    for name, value in (given | {"status": found.status.value, "content": found.content}).items():
        state.put(_key(name), value)


def begin_new() -> None:
    """Open the editor of a new document, from a callback."""
    # Also of a document that was being edited: going back to it would fill it with the new one
    close()
    state.put(NEW, True)
    state.put(_key("status"), DocumentState.DRAFT.value)


def is_open(found: DocumentView) -> bool:
    opened: Any = state.get(OPEN, None)
    return opened is not None and opened[0] == found.id


def is_new() -> bool:
    return state.get(NEW, False)


def draw() -> None:
    st.title("Edit document", anchor=False)
    _draw_fields("Save changes", save)


def draw_new() -> None:
    _draw_fields("Create document", make)


def close() -> None:
    """Close the editor without saving, from a callback."""
    state.forget(OPEN, NEW, *map(_key, NAMES))


@errors.action
def save() -> None:
    opened: Any = state.get(OPEN, None)
    if opened is None:
        return
    id_, updated_at, tags = opened
    change = _checked(DocumentChangeBody, {"updated_at": updated_at}, tags)
    with guard.ai_work() as (ai, actor):
        document_service.change_document(ai, str(id_), change, actor=actor)
    close()
    cache.forget()
    state.toast("Document saved")


@errors.action
def make() -> None:
    body = _checked(DocumentBody, {}, [])
    with guard.ai_work() as (ai, actor):
        made = document_service.create_document(ai, body, actor=actor)
    close()
    cache.forget()
    st.query_params["document"] = str(made.id)
    state.toast("Document created")


def _draw_fields(label: str, act: Any) -> None:  # noqa: ANN401  a callback
    with st.container(border=True):
        st.text_input("Title", max_chars=500, **_kept("title"))
        scope, tags, status = st.columns([1, 1.4, 0.8])
        scope.text_input("Scope", max_chars=500, placeholder="help centre", **_kept("scope"))
        tags.text_input("Tags", placeholder="refund, delivery", **_kept("tags"))
        status.selectbox("Status", list(STATES), format_func=STATES.__getitem__, **_kept("status"))
        st.text_area("Content (Markdown)", height=420, **_kept("content"))
        with st.container(horizontal=True):
            st.button(label, type="primary", key="documents.save", on_click=act)
            st.button("Cancel", key="documents.cancel", on_click=close)


def _checked(body: type[Any], more: dict[str, Any], present: Sequence[str]) -> Any:  # noqa: ANN401  one of the two bodies
    values = {name: state.get(_key(name), "") for name in NAMES}
    tags = [tag.strip() for tag in values["tags"].split(",") if tag.strip()]
    # A program's tag may contain a comma: unless the field was changed, no tag is split
    if values["tags"] == _in_field(present):
        tags = list(present)
    if not values["content"].strip() or not values["title"].strip():
        raise Invalid("Enter a title and content.")
    try:
        return body.model_validate({**values, "tags": tags, **more})
    except ValidationError as refused:
        raise Invalid(
            "Too long: titles are limited to 500 characters, tags to 200 (at most 100 tags), "
            "content to 1,000,000."
        ) from refused


def _in_field(tags: Sequence[str]) -> str:
    return ", ".join(tags)


def _kept(name: str) -> dict[str, Any]:
    """Return a field's key; its value is kept while other pages are open."""
    return {"key": _key(name), "persist_state": "session"}


def _key(name: str) -> str:
    return f"documents.edit.{name}"
