"""What a reviewer does with the queue: takes an item, says something of it, goes on and back, and undoes what was done."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import wraps

import streamlit as st

from core.annotations import settings, tags
from core.annotations.errors import AnnotationMissing
from core.annotations.review_queue import drafts, queue
from core.annotations.review_queue.queue import Counters
from core.annotations.schemas import QueueItemView, ReviewVerdict
from core.annotations.settings import Review
from core.conversations.errors import ConversationMissing, MessageMissing
from core.database.db import Database, Session, transaction
from core.database.paging import Window
from core.errors import Conflict, NotFound
from core.identity.schemas import Actor
from core.insights.conversation_detail import Reading, ReadMessage, read_conversation
from pages._ui import errors, frame, guard, state
from pages._ui.cache import Reads
from pages._ui.lists import review_form
from pages.review.tuning import queue_moves
from pages.review.tuning.queue_desk import Desk, Visit

HAS_KEYS, OPENED, DESK = "review.has_keys", "review.opened", "review.desk"
RESUMES = "working"  # in the address: whoever comes again goes on with what he holds
AROUND = 13  # messages, that in focus among them

_focus = st.components.v2.component("attune_review_focus", js=frame.read("parts/focus.js"))


class NothingInHand(Conflict):
    """No message is assigned to you. Start reviewing again."""


class NothingElse(Conflict):
    """No more messages to review."""


class NothingBefore(Conflict):
    """This is the first message."""


@dataclass(frozen=True)
class QueueRun:
    """What one run of the queue shows."""

    counters: Counters
    visit: Visit | None
    reading: Reading | None
    kept: Mapping[str, object] | None
    tags: list[str]
    guidelines: str

    @property
    def message(self) -> ReadMessage | None:
        """The message on screen."""
        if self.visit is None or self.reading is None:
            return None
        return next((each for each in self.reading.messages if each.id == self.visit.item.message_id), None)


@dataclass(frozen=True)
class Work:
    """A unit of work on the queue."""

    ai: Session
    rules: Review
    actor: Actor


def read(reads: Reads) -> QueueRun:
    """Read what is on screen, and what it needs."""
    if desk().shown is None and st.query_params.get(RESUMES):
        with _work() as its:
            found = queue_moves.begin(its.ai, desk(), its.rules, actor=its.actor)
        state.put(DESK, found)
    shown = desk().shown
    place = shown and (shown.item.id, shown.is_saved)
    is_opening = shown is not None and state.get(OPENED, None) != place
    with guard.work() as (core, actor), transaction(Database.AI) as ai:
        rules = settings.read(core, actor=actor)
        counted = queue.counters(core, ai, actor=actor)
        state.seed(HAS_KEYS, rules.single_keys)
        reading = None if shown is None else _read_around(core, ai, shown.item, actor, is_opening=is_opening)
        kept = _kept(ai, shown, actor) if shown is not None and is_opening else None
    state.put(OPENED, place)
    offered = [each.tag for each in reads.ask_both(tags.list_tags)]
    return QueueRun(counted, shown, reading, kept, offered, rules.guidelines)


def desk() -> Desk:
    """Return what one has had of the queue in this tab."""
    return state.get(DESK, Desk())


def step(act: Callable[[], None]) -> Callable[[], None]:
    """Make a function a way on from what is on screen, as a callback; the browser is told of each one that was tried."""
    tried = errors.action(act)

    @wraps(act)
    def stepped() -> None:
        tried()
        state.put(review_form.STEP, state.get(review_form.STEP, 0) + 1)

    return stepped


@errors.action
def begin() -> None:
    """Take the first item; from a callback, as all that follow."""
    with _work() as its:
        now = queue_moves.begin(its.ai, desk(), its.rules, actor=its.actor)
    _go(now)


@step
def save() -> None:
    """Store what the form says of the message on screen, and go on."""
    shown = on_screen()
    said = review_form.said(shown.item.message_id)
    with _work() as its:
        now = queue_moves.save(its.ai, desk(), shown, said, actor=its.actor)
        drafts.drop(its.ai, shown.item.message_id, actor=its.actor)
        now = queue_moves.on(its.ai, now, its.rules, actor=its.actor)
    _go(now)


@step
def skip() -> None:
    """Leave the item to others, and go on."""
    shown = on_screen()
    with _work() as its:
        _keep_draft(its, shown)
        now = queue_moves.skip(its.ai, desk(), shown, actor=its.actor)
        now = queue_moves.on(its.ai, now, its.rules, actor=its.actor)
    _go(now)


@step
def lay_aside() -> None:
    """Go on and leave this for later; what was written stays as a draft."""
    shown = on_screen()
    with _work() as its:
        _keep_draft(its, shown)
        now = queue_moves.on(its.ai, desk(), its.rules, actor=its.actor)
        if now.shown is None and not shown.is_saved:
            raise NothingElse
    _go(now)


@step
def go_back() -> None:
    """Go back to what one had before this; what was saved is corrected there."""
    shown = on_screen()
    with _work() as its:
        _keep_draft(its, shown)
        now = queue_moves.back(its.ai, desk(), its.rules, actor=its.actor)
        if now is None:
            raise NothingBefore
    _go(now)


@step
def undo() -> None:
    """Take back what was done last; what cannot be taken back is not tried again."""
    if not desk().acts:
        raise NothingInHand
    try:
        with _work() as its:
            if desk().shown is not None:
                _keep_draft(its, on_screen())
            now = queue_moves.undo(its.ai, desk(), its.rules, actor=its.actor)
    except (Conflict, NotFound):
        state.put(DESK, desk().forgotten())
        raise
    _go(now)
    state.toast("Undone")


@step
def stop() -> None:
    """Give back what is in hand, and leave off."""
    shown = on_screen()
    with _work() as its:
        _keep_draft(its, shown)
        now = queue_moves.leave(its.ai, desk(), actor=its.actor)
    _put_down(now)


def on_screen() -> Visit:
    """Return what is on screen; raise NothingInHand."""
    shown = desk().shown
    if shown is None:
        raise NothingInHand
    return shown


def bring_into_view(message: ReadMessage) -> None:
    """Show the message in hand in the middle of its pane."""
    with st.container(key="unseen-review-focus"):
        _focus(key="review.focus", data={"selector": f".st-key-focus-{message.id}", "block": "center", "token": str(message.id)})


@contextmanager
def _work() -> Iterator[Work]:
    with guard.work() as (core, actor), transaction(Database.AI) as ai:
        yield Work(ai, settings.read(core, actor=actor), actor)


def _read_around(core: Session, ai: Session, item: QueueItemView, actor: Actor, *, is_opening: bool) -> Reading | None:
    """Return the conversation around the message; None when it was deleted since: then there is nothing left but to skip it."""
    talk, focus = str(item.conversation_id), str(item.message_id)
    with suppress(ConversationMissing, MessageMissing):
        return read_conversation(core, ai, talk, Window(AROUND), focus=focus, is_opening=is_opening, actor=actor)
    return None


def _kept(ai: Session, shown: Visit, actor: Actor) -> Mapping[str, object] | None:
    """Return what the form begins with: one's draft, else what one has said already."""
    draft = drafts.read(ai, shown.item.message_id, actor=actor)
    if draft is not None:
        return draft.fields
    if not shown.is_saved:
        return None
    with suppress(AnnotationMissing):
        return queue_moves.said_of(ai, shown.item, actor).model_dump(include=set(ReviewVerdict.model_fields))
    return None


def _keep_draft(its: Work, shown: Visit) -> None:
    """Keep what the form holds, when one leaves it unsaved."""
    if (written := review_form.written(shown.item.message_id)) is not None:
        drafts.save(its.ai, shown.item.message_id, written, actor=its.actor)


def _go(now: Desk) -> None:
    """Be where another desk is; where nothing is left, leave off."""
    if now.shown is None:
        _put_down(now)
        state.toast("Queue finished: no more messages for you")
        return
    _change(now)
    st.query_params.update({"view": "queue", RESUMES: "yes"})


def _put_down(now: Desk) -> None:
    _change(now)
    st.query_params.pop(RESUMES, None)


def _change(now: Desk) -> None:
    """Take another desk; nothing of the form that one has left remains."""
    before = desk().shown
    if before is not None:
        review_form.forget(before.item.message_id)
    state.forget(OPENED)
    state.put(DESK, now)
