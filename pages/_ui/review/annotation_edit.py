"""The review form below a message: for a new annotation, or filled with one that its author or an
admin edits.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

import streamlit as st

from core.annotations import settings
from core.annotations.queries import tags
from core.annotations.schemas import (
    AnnotationChangeBody,
    AnnotationStatus,
    AnnotationView,
    ItemState,
    NewAnnotation,
    ReviewRequest,
    ReviewVerdict,
)
from core.annotations.service import annotations, drafts, enqueue
from core.conversations.errors import MessageMissing
from core.database.db import Database, Session, transaction
from core.errors import Conflict
from core.identity.permissions import Permission, may
from core.identity.schemas import Actor
from core.insights.queries.conversation_detail import ReadMessage, read_message
from core.platform import clock
from core.playground.replay_schemas import NewReplay
from pages._ui import errors, guard, state
from pages._ui.review import replay_button, review_form
from pages._ui.review.review_form import ReviewedMessage, ReviewForm

OPEN = "annotation.edited"


class UnsavedEdit(Conflict):
    """Another annotation is being edited. Save or cancel its changes first."""


@dataclass(frozen=True)
class Edited:
    """The annotation being edited in this tab, its message and the offered tags.

    Without an annotation it is a new one, which begins with the draft `kept`.
    """

    one: AnnotationView | None
    subject: ReviewedMessage
    tags: list[str]
    kept: Mapping[str, object]
    has_keys: bool = False


def may_edit(one: AnnotationView, actor: Actor) -> bool:
    """Whether an account may edit an annotation: its author, and those who decide reviews."""
    return may(actor, Permission.DECIDE_REVIEWS) or (
        may(actor, Permission.ANNOTATE) and one.admin_user_id == actor.id
    )


def is_open(id_: UUID | str | None) -> bool:
    """Whether the annotation with this ID is being edited."""
    edited: Edited | None = state.get(OPEN, None)
    return edited is not None and edited.one is not None and str(edited.one.id) == str(id_)


def leave() -> None:
    """Close the form of an annotation when another one is read: it would open again with what was
    stored when it was opened.
    """
    edited: Edited | None = state.get(OPEN, None)
    if edited is not None and edited.one is not None:
        close()


@errors.action
def begin(one: AnnotationView) -> None:
    """Open the form, from a callback, and close any other; raise UnsavedEdit."""
    _close_saved()
    with guard.work() as (core, actor), transaction(Database.AI) as ai:
        subject = _subject(core, ai, one, actor)
        offered = [each.tag for each in tags.list_tags(core, ai, actor=actor)]
        has_keys = settings.read(core, actor=actor).single_keys
    state.put(OPEN, Edited(one, subject, offered, _fields(one), has_keys))


def draw(one: AnnotationView) -> None:
    """Draw the form of an annotation."""
    subject = ReviewedMessage(one.message_id, one.message_role, "")
    _draw(state.get(OPEN, None) or Edited(one, subject, [], _fields(one)))


def draw_new(message: ReadMessage, actor: Actor) -> None:
    """Draw the ways to annotate an answer and to queue it, or the form of its new annotation."""
    if not may(actor, Permission.ANNOTATE):
        return
    edited: Edited | None = state.get(OPEN, None)
    if edited is not None and edited.one is None and edited.subject.id == message.id:
        with st.container(border=True, gap="small", key="annotation-new"):
            _draw(edited)
        return
    with st.container(horizontal=True, gap="small", key=f"annotate-{message.id}"):
        ways = (
            ("Annotate", "rate_review", begin_new, message),
            ("Add to queue", "playlist_add", add_to_queue, message.id),
        )
        for label, icon, act, given in ways:
            st.button(
                label,
                key=f"annotation.{icon}.{message.id}",
                icon=f":material/{icon}:",
                type="tertiary",
                on_click=act,
                args=(given,),
            )
        replay_button.draw(NewReplay(message_id=str(message.id)), actor, key=str(message.id))


@errors.action
def begin_new(message: ReadMessage) -> None:
    """Open the form of a new annotation with the draft for the message, from a callback; raise
    UnsavedEdit.
    """
    _close_saved()
    with guard.work() as (core, actor), transaction(Database.AI) as ai:
        draft = drafts.read(ai, message.id, actor=actor)
        offered = [each.tag for each in tags.list_tags(core, ai, actor=actor)]
        has_keys = settings.read(core, actor=actor).single_keys
    subject, kept = ReviewedMessage.of(message), draft.fields if draft is not None else {}
    state.put(OPEN, Edited(None, subject, offered, kept, has_keys))


@errors.action
def add_to_queue(message_id: UUID) -> None:
    """Add an answer to the review queue, from a callback."""
    now = clock.now()
    with guard.work() as (core, actor), transaction(Database.AI) as ai:
        item = enqueue.request_review(
            core, ai, ReviewRequest(message_id=str(message_id)), actor=actor
        )
    # An item that was there already is returned unchanged
    if item.created_at >= now:
        state.toast("Added to the queue")
    else:
        is_done = item.state is ItemState.DONE
        state.toast("Already reviewed in the queue" if is_done else "Already in the queue")


def _draw(edited: Edited) -> None:
    is_new = edited.one is None
    form = ReviewForm(edited.subject, edited.kept, is_drafted=is_new)
    form.draw(edited.tags, has_keys=edited.has_keys)
    with st.container(horizontal=True, gap="small"):
        st.button(
            "Save annotation" if is_new else "Save changes",
            type="primary",
            key="annotation.save",
            shortcut="Ctrl+Enter",
            on_click=save,
        )
        st.button("Cancel", key="annotation.cancel", type="tertiary", on_click=close)


def close() -> None:
    """Close the form without saving, from a callback."""
    edited: Edited | None = state.take(OPEN)
    if edited is not None:
        review_form.forget(edited.subject.id)


def _close_saved() -> None:
    """Close the form; raise UnsavedEdit for an edit with changes, which no draft keeps."""
    edited: Edited | None = state.get(OPEN, None)
    if edited is not None and edited.one and review_form.written(edited.subject.id):
        raise UnsavedEdit
    close()


@review_form.step
def save() -> None:
    """Save the form; it stays open when refused."""
    edited: Edited | None = state.get(OPEN, None)
    if edited is None:
        return
    said = review_form.entered_verdict(edited.subject.id)
    if edited.one is None:
        given = NewAnnotation(message_id=str(edited.subject.id), **said.model_dump())
        with guard.work() as (core, actor), transaction(Database.AI) as ai:
            annotations.annotate(core, ai, given, actor=actor)
        close()
        state.toast("Annotation saved")
        return
    with guard.ai_work() as (ai, actor):
        now = annotations.change(
            ai, edited.one.id, AnnotationChangeBody(**said.model_dump()), actor=actor
        )
    close()
    is_again = (
        now.status is AnnotationStatus.PENDING and edited.one.status is not AnnotationStatus.PENDING
    )
    state.toast("Saved and set back to pending" if is_again else "Saved")


def _fields(one: AnnotationView) -> dict[str, object]:
    return one.model_dump(include=set(ReviewVerdict.model_fields))


def _subject(core: Session, ai: Session, one: AnnotationView, actor: Actor) -> ReviewedMessage:
    """Return the annotated message, without text if it was deleted."""
    with suppress(MessageMissing):
        return ReviewedMessage.of(
            read_message(core, ai, str(one.message_id), context=0, actor=actor).message
        )
    return ReviewedMessage(one.message_id, one.message_role, "")
