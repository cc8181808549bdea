"""The actions of a reviewer on the queue: start, save, skip, next, previous, undo, stop."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from core.annotations import settings
from core.annotations.errors import NothingAssigned
from core.annotations.queries import review_items, tags
from core.annotations.queries.review_items import QueueCounts
from core.annotations.review_session import HistoryEntry, ReviewSession
from core.annotations.schemas import QueueItemView
from core.annotations.service import drafts, review_sessions
from core.annotations.settings import ReviewSettings
from core.conversations.errors import ConversationMissing, MessageMissing
from core.database.db import Database, Session, transaction
from core.database.paging import Window
from core.errors import Conflict, NotFound
from core.identity.schemas import Actor
from core.insights.queries.conversation_detail import (
    ConversationPart,
    ReadMessage,
    read_conversation,
)
from pages._ui import errors, frame, guard, state
from pages._ui.cache import Reads
from pages._ui.review import review_form
from pages._ui.review.review_form import step

HAS_KEYS, OPENED, SESSION = "review.has_keys", "review.opened", "review.session"
RESUMES = "working"  # in the address: a reviewer who comes back resumes the leased item
AROUND = 13  # messages, that in focus among them

PARTS = Path(__file__).parents[1] / "parts"
_focus = st.components.v2.component("attune_review_focus", js=frame.read("focus.js", PARTS))


@dataclass(frozen=True)
class QueueRun:
    counters: QueueCounts
    entry: HistoryEntry | None
    reading: ConversationPart | None
    kept: Mapping[str, object] | None
    tags: list[str]
    guidelines: str

    @property
    def message(self) -> ReadMessage | None:
        if self.entry is None or self.reading is None:
            return None
        return next(
            (each for each in self.reading.messages if each.id == self.entry.item.message_id), None
        )


@dataclass(frozen=True)
class Work:
    ai: Session
    rules: ReviewSettings
    actor: Actor


def read(reads: Reads) -> QueueRun:
    """Read the assigned message with its conversation, draft and the queue's counters."""
    if session().shown is None and st.query_params.get(RESUMES):
        with _work() as its:
            found = review_sessions.start(its.ai, session(), its.rules, actor=its.actor)
        state.put(SESSION, found)
    shown = session().shown
    # With the state: an item that comes back to be corrected is opened anew
    place = shown and (shown.item.id, shown.is_saved)
    is_opening = shown is not None and state.get(OPENED, None) != place
    with guard.work() as (core, actor), transaction(Database.AI) as ai:
        rules = settings.read(core, actor=actor)
        counted = review_items.counters(core, ai, actor=actor)
        state.seed(HAS_KEYS, rules.single_keys)
        reading = (
            None
            if shown is None
            else _read_around(core, ai, shown.item, actor, is_opening=is_opening)
        )
        kept = (
            review_sessions.first_values(ai, shown, actor=actor)
            # Only at first: later runs keep what was entered
            if shown is not None and is_opening
            else None
        )
    state.put(OPENED, place)
    offered = [each.tag for each in reads.ask_both(tags.list_tags)]
    return QueueRun(counted, shown, reading, kept, offered, rules.guidelines)


def session() -> ReviewSession:
    return state.get(SESSION, ReviewSession())


@errors.action
def begin() -> None:
    with _work() as its:
        now = review_sessions.start(its.ai, session(), its.rules, actor=its.actor)
    _go(now)


@step
def save() -> None:
    """Save the form, and go to the next message."""
    shown = on_screen()
    said = review_form.entered_verdict(shown.item.message_id)
    with _work() as its:
        now = review_sessions.save(its.ai, session(), shown, said, actor=its.actor)
        now = review_sessions.next_item(its.ai, now, its.rules, actor=its.actor)
    _go(now)


@step
def skip() -> None:
    """Leave the message to others, and go to the next."""
    shown = on_screen()
    with _work() as its:
        _keep_draft(its, shown)
        now = review_sessions.skip(its.ai, session(), shown, actor=its.actor)
        now = review_sessions.next_item(its.ai, now, its.rules, actor=its.actor)
    _go(now)


@step
def set_aside() -> None:
    """Go to the next message, and keep the form as a draft."""
    shown = on_screen()
    with _work() as its:
        _keep_draft(its, shown)
        now = review_sessions.set_aside(its.ai, session(), its.rules, actor=its.actor)
    _go(now)


@step
def go_back() -> None:
    """Go to the previous message; a saved one can be corrected."""
    shown = on_screen()
    with _work() as its:
        _keep_draft(its, shown)
        now = review_sessions.previous_item(its.ai, session(), its.rules, actor=its.actor)
    _go(now)


@step
def undo() -> None:
    """Undo the last action; one that can't be undone is not tried again."""
    if not session().actions:
        raise NothingAssigned
    try:
        with _work() as its:
            if session().shown is not None:
                _keep_draft(its, on_screen())
            now = review_sessions.undo(its.ai, session(), its.rules, actor=its.actor)
    except (Conflict, NotFound):
        state.put(SESSION, session().without_last_action())
        raise
    _go(now)
    state.toast("Undone")


@step
def stop() -> None:
    """Return the message to the queue, and stop reviewing."""
    shown = on_screen()
    with _work() as its:
        _keep_draft(its, shown)
        now = review_sessions.stop(its.ai, session(), actor=its.actor)
    _put_down(now)


def on_screen() -> HistoryEntry:
    """Return the message on screen; raise NothingAssigned."""
    shown = session().shown
    if shown is None:
        raise NothingAssigned
    return shown


def bring_into_view(message: ReadMessage) -> None:
    """Scroll the message to the middle of its pane."""
    with st.container(key="unseen-review-focus"):
        _focus(
            key="review.focus",
            data={
                "selector": f".st-key-focus-{message.id}",
                "block": "center",
                "token": str(message.id),
            },
        )


@contextmanager
def _work() -> Iterator[Work]:
    with guard.work() as (core, actor), transaction(Database.AI) as ai:
        yield Work(ai, settings.read(core, actor=actor), actor)


def _read_around(
    core: Session, ai: Session, item: QueueItemView, actor: Actor, *, is_opening: bool
) -> ConversationPart | None:
    """Return the conversation around the message; None when it was deleted."""
    talk, focus = str(item.conversation_id), str(item.message_id)
    with suppress(ConversationMissing, MessageMissing):
        return read_conversation(
            core, ai, talk, Window(AROUND), focus=focus, is_opening=is_opening, actor=actor
        )
    return None


def _keep_draft(its: Work, shown: HistoryEntry) -> None:
    if (written := review_form.written(shown.item.message_id)) is not None:
        drafts.save(its.ai, shown.item.message_id, written, actor=its.actor)


def _go(now: ReviewSession) -> None:
    """Show the next message; stop when there is none."""
    if now.shown is None:
        _put_down(now)
        state.toast("Queue finished: no more messages for you")
        return
    _change(now)
    st.query_params.update({"view": "queue", RESUMES: "yes"})


def _put_down(now: ReviewSession) -> None:
    _change(now)
    st.query_params.pop(RESUMES, None)


def _change(now: ReviewSession) -> None:
    """Replace the session, and forget the form of the last message."""
    before = session().shown
    if before is not None:
        review_form.forget(before.item.message_id)
    state.forget(OPENED)
    state.put(SESSION, now)
