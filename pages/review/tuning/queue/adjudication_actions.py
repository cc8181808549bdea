"""The actions of an adjudicator: accept an annotation, neither, an own verdict, next, undo."""

from typing import Any
from uuid import UUID

import streamlit as st

from core.annotations.schemas import AdjudicationDecision
from core.annotations.service import adjudication, drafts, review_outcomes
from core.annotations.service.adjudication import ItemDecision
from core.annotations.settings import ReviewSettings
from core.database import settings
from core.database.db import Database, transaction
from pages._ui import errors, guard, state
from pages._ui.review import review_form

ADDRESS, ITEM = "adjudicating", "review.decided"
DONE, WRITES = "review.decisions", "review.writes_own"
MOST_UNDONE = 20


def is_open() -> bool:
    """Whether the address asks for adjudication instead of the queue."""
    return bool(st.query_params.get(ADDRESS))


def open_(item_id: UUID | None) -> None:
    """Show an item, from a callback; without one, the oldest."""
    _forget_form()
    state.put(ITEM, item_id)
    st.query_params.update({"view": "queue", ADDRESS: "yes"})


def leave() -> None:
    """Return to the queue, from a callback."""
    _forget_form()
    st.query_params.pop(ADDRESS, None)


def undoable() -> tuple[UUID, ...]:
    """Return the items decided in this tab, latest last."""
    return state.get(DONE, ())


@errors.action
def accept(item_id: UUID, annotation_id: UUID) -> None:
    with guard.ai_work() as (ai, actor):
        adjudication.adjudicate(ai, annotation_id, AdjudicationDecision(), actor=actor)
    _go_on(item_id, "Annotation accepted")


@errors.action
def accept_neither(item_id: UUID) -> None:
    with guard.ai_work() as (ai, actor):
        adjudication.decide(ai, item_id, ItemDecision(verdict=None), actor=actor)
    _go_on(item_id, "Neither annotation accepted")


@errors.action
def write_own(message_id: UUID) -> None:
    """Open the form, from a callback; with the adjudicator's draft, if there is one."""
    with guard.ai_work() as (ai, actor):
        draft = drafts.read(ai, message_id, actor=actor)
    state.put(WRITES, (message_id, draft.fields if draft is not None else {}))


def written(message_id: UUID) -> dict[str, Any] | None:
    """Return what the form of an own verdict begins with; None while that form is not open."""
    found: tuple[UUID, dict[str, Any]] | None = state.get(WRITES, None)
    # Somebody else may have decided the message that it is about, and another one is shown
    return found[1] if found is not None and found[0] == message_id else None


def cancel() -> None:
    """Close the form, from a callback."""
    _forget_form()


@review_form.step
def save_own(item_id: UUID, message_id: UUID) -> None:
    """Decide by what the form says; it stays open when that is refused."""
    decision = ItemDecision(verdict=review_form.entered_verdict(message_id))
    with guard.ai_work() as (ai, actor):
        adjudication.decide(ai, item_id, decision, actor=actor)
    _go_on(item_id, "Your annotation saved")


@errors.action
def undo() -> None:
    """Take the last decision back, and show its item."""
    *before, last = undoable()
    state.put(DONE, tuple(before))  # also when it is refused: it would be each time
    with guard.work() as (core, actor), transaction(Database.AI) as ai:
        review_outcomes.take_back(ai, last, settings.read(core, ReviewSettings), actor=actor)
    open_(last)
    state.toast("Undone")


def _go_on(item_id: UUID, words: str) -> None:
    """Show the next item."""
    state.put(DONE, (*undoable(), item_id)[-MOST_UNDONE:])
    open_(None)
    state.toast(words)


def _forget_form() -> None:
    if (written := state.take(WRITES)) is not None:
        review_form.forget(written[0])
