"""An annotation under its author's hands, or an admin's: the form of the queue, filled with what was said."""

from contextlib import suppress
from dataclasses import dataclass

import streamlit as st

from core.annotations import annotations, tags
from core.annotations.schemas import AnnotationChangeBody, AnnotationStatus, AnnotationView, ReviewVerdict
from core.conversations.errors import MessageMissing
from core.database.db import Database, Session, transaction
from core.identity.permissions import Permission, may
from core.identity.schemas import Actor
from core.insights.conversation_detail import read_message
from pages._ui import errors, guard, state
from pages._ui.lists import review_form
from pages._ui.lists.review_form import ReviewedMessage, ReviewForm

OPEN = "annotation.edited"


@dataclass(frozen=True)
class Edited:
    """The annotation that is being changed in this tab, what it is about, and the tags that are offered."""

    one: AnnotationView
    subject: ReviewedMessage
    tags: list[str]


def may_edit(one: AnnotationView, actor: Actor) -> bool:
    """Whether somebody may change an annotation: one's own; those who decide, all."""
    return may(actor, Permission.DECIDE_REVIEWS) or (may(actor, Permission.ANNOTATE) and one.admin_user_id == actor.id)


def is_open(one: AnnotationView) -> bool:
    """Whether this annotation is being changed in this tab."""
    edited: Edited | None = state.get(OPEN, None)
    return edited is not None and edited.one.id == one.id


@errors.action
def begin(one: AnnotationView) -> None:
    """Open the form, from a callback; another one that was open is closed."""
    close()
    with guard.work() as (core, actor), transaction(Database.AI) as ai:
        subject = _subject(core, ai, one, actor)
        offered = [each.tag for each in tags.list_tags(core, ai, actor=actor)]
    state.put(OPEN, Edited(one, subject, offered))


def draw(one: AnnotationView) -> None:
    """Draw the form of the annotation that is open."""
    edited: Edited = state.get(OPEN, None) or Edited(one, ReviewedMessage(one.message_id, one.message_role, ""), [])
    form = ReviewForm(edited.subject, one.model_dump(include=set(ReviewVerdict.model_fields)), is_drafted=False)
    form.draw(edited.tags, has_keys=False)
    with st.container(horizontal=True, gap="small"):
        st.button("Save changes", type="primary", key="annotation.save", shortcut="Ctrl+Enter", on_click=save)
        st.button("Cancel", key="annotation.cancel", type="tertiary", on_click=close)


def close() -> None:
    """Leave the form without saving, from a callback."""
    edited: Edited | None = state.take(OPEN)
    if edited is not None:
        review_form.forget(edited.subject.id)


@errors.action
def save() -> None:
    """Store what the form holds; the form stays open when it is refused."""
    edited: Edited | None = state.get(OPEN, None)
    if edited is None:
        return
    said = review_form.said(edited.subject.id)
    with guard.work() as (_, actor), transaction(Database.AI) as ai:
        now = annotations.change(ai, edited.one.id, AnnotationChangeBody(**said.model_dump()), actor=actor)
    close()
    is_again = now.status is AnnotationStatus.PENDING and edited.one.status is not AnnotationStatus.PENDING
    state.toast("Saved and set back to pending" if is_again else "Saved")


def _subject(core: Session, ai: Session, one: AnnotationView, actor: Actor) -> ReviewedMessage:
    """Return what an annotation is about; of a message that is gone, there is no text to compare with."""
    with suppress(MessageMissing):
        return ReviewedMessage.of(read_message(core, ai, str(one.message_id), context=0, actor=actor).message)
    return ReviewedMessage(one.message_id, one.message_role, "")
