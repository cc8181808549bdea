"""The actions of a reviewer on the queue: start, save, skip, next, previous, undo, stop."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import streamlit as st

from core.annotations import settings
from core.annotations.errors import NothingAssigned
from core.annotations.review_session import HistoryEntry
from core.annotations.service import drafts, review_sessions
from core.annotations.settings import ReviewSettings
from core.database.db import Database, Session, transaction
from core.errors import Conflict, NotFound
from core.identity.schemas import Actor
from pages._ui import errors, guard, state
from pages._ui.review import review_form
from pages._ui.review.review_form import step
from pages.review.tuning.queue import queue_session


@dataclass(frozen=True)
class Work:
    ai: Session
    rules: ReviewSettings
    actor: Actor


def resume() -> None:
    """Start a review session when a reviewer returns to the page."""
    if queue_session.current().shown is None and st.query_params.get(queue_session.RESUMES):
        with _work() as its:
            found = review_sessions.start(
                its.ai, queue_session.current(), its.rules, actor=its.actor
            )
        state.put(queue_session.SESSION, found)


@errors.action
def begin() -> None:
    with _work() as its:
        now = review_sessions.start(its.ai, queue_session.current(), its.rules, actor=its.actor)
    queue_session.show(now)


@step
def save() -> None:
    """Save the form, and go to the next message."""
    shown = queue_session.on_screen()
    said = review_form.entered_verdict(shown.item.message_id)
    with _work() as its:
        now = review_sessions.save(its.ai, queue_session.current(), shown, said, actor=its.actor)
        now = review_sessions.next_item(its.ai, now, its.rules, actor=its.actor)
    queue_session.show(now)


@step
def skip() -> None:
    """Leave the message to others, and go to the next."""
    shown = queue_session.on_screen()
    with _work() as its:
        _keep_draft(its, shown)
        now = review_sessions.skip(its.ai, queue_session.current(), shown, actor=its.actor)
        now = review_sessions.next_item(its.ai, now, its.rules, actor=its.actor)
    queue_session.show(now)


@step
def set_aside() -> None:
    """Go to the next message, and keep the form as a draft."""
    shown = queue_session.on_screen()
    with _work() as its:
        _keep_draft(its, shown)
        now = review_sessions.set_aside(its.ai, queue_session.current(), its.rules, actor=its.actor)
    queue_session.show(now)


@step
def go_back() -> None:
    """Go to the previous message; a saved one can be corrected."""
    shown = queue_session.on_screen()
    with _work() as its:
        _keep_draft(its, shown)
        now = review_sessions.previous_item(
            its.ai, queue_session.current(), its.rules, actor=its.actor
        )
    queue_session.show(now)


@step
def undo() -> None:
    """Undo the last action; one that can't be undone is not tried again."""
    if not queue_session.current().actions:
        raise NothingAssigned
    try:
        with _work() as its:
            if queue_session.current().shown is not None:
                _keep_draft(its, queue_session.on_screen())
            now = review_sessions.undo(its.ai, queue_session.current(), its.rules, actor=its.actor)
    except (Conflict, NotFound):
        state.put(queue_session.SESSION, queue_session.current().without_last_action())
        raise
    queue_session.show(now)
    state.toast("Undone")


@step
def stop() -> None:
    """Return the message to the queue, and stop reviewing."""
    shown = queue_session.on_screen()
    with _work() as its:
        _keep_draft(its, shown)
        now = review_sessions.stop(its.ai, queue_session.current(), actor=its.actor)
    queue_session.put_down(now)


@contextmanager
def _work() -> Iterator[Work]:
    with guard.work() as (core, actor), transaction(Database.AI) as ai:
        yield Work(ai, settings.read(core, actor=actor), actor)


def _keep_draft(its: Work, shown: HistoryEntry) -> None:
    if (written := review_form.written(shown.item.message_id)) is not None:
        drafts.save(its.ai, shown.item.message_id, written, actor=its.actor)
