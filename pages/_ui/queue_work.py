"""What a reviewer does with the queue: takes an item, says something of it, goes on, and takes back what was done last."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import streamlit as st

from core.annotations import claims, drafts, queue, retracting, settings, tags
from core.annotations.queue import Counters
from core.annotations.schemas import QueueItemView
from core.conversations.errors import ConversationMissing, MessageMissing
from core.db import Database, transaction
from core.errors import Conflict
from core.insights.reading import Reading, Said, read_conversation
from core.paging import Window
from pages._ui import errors, frame, guard, review_form, state
from pages._ui.cache import Reads

HAS_KEYS, OPENED, LAST = "review.has_keys", "review.opened", "review.last"
IN_HAND = "review.in_hand"
RESUMES = "working"  # in the address: whoever comes again goes on with what he holds
AROUND = 13  # messages, that in focus among them

_focus = st.components.v2.component("attune_review_focus", js=frame.read("parts/focus.js"))


class NothingInHand(Conflict):
    """You have nothing of the queue in hand. Begin anew."""


@dataclass(frozen=True)
class Seen:
    """What one run of the queue shows."""

    counters: Counters
    item: QueueItemView | None
    reading: Reading | None
    draft: dict[str, Any] | None
    tags: list[str]
    guidelines: str

    @property
    def message(self) -> Said | None:
        """The message in hand."""
        if self.item is None or self.reading is None:
            return None
        return next((each for each in self.reading.messages if each.id == self.item.message_id), None)


def read(reads: Reads) -> Seen:
    """Read what is in hand, and what it needs."""
    item: QueueItemView | None = state.get(IN_HAND, None)
    if item is None and st.query_params.get(RESUMES):
        item = _claim(is_resuming=True)
        state.put(IN_HAND, item)
    is_opening = item is not None and state.get(OPENED, None) != item.id
    with guard.work() as (core, actor), transaction(Database.AI) as ai:
        rules = settings.read(core, actor=actor)
        counted = queue.counters(core, ai, actor=actor)
        state.seed(HAS_KEYS, rules.single_keys)
        draft, reading = None, None
        if item is not None:
            draft = drafts.read(ai, item.message_id, actor=actor) if is_opening else None
            window, talk = Window(AROUND), str(item.conversation_id)
            focus = str(item.message_id)
            with suppress(ConversationMissing, MessageMissing):  # deleted since: there is nothing left but to skip it
                reading = read_conversation(core, ai, talk, window, focus=focus, is_opening=is_opening, actor=actor)
    if item is not None:
        state.put(OPENED, item.id)
    offered = [each.tag for each in reads.ask_both(tags.list_tags)]
    return Seen(counted, item, reading, draft.fields if draft else None, offered, rules.guidelines)


def has_item() -> bool:
    """Whether something is in hand."""
    return bool(state.get(IN_HAND, None))


def can_undo() -> bool:
    """Whether something was saved or skipped in this tab."""
    return bool(state.get(LAST, None))


@errors.action
def begin() -> None:
    """Take the first item; from a callback, as all that follow."""
    _take(_claim(is_resuming=True))


@errors.action
def save() -> None:
    """Store what the form says of the message in hand, and take the next."""
    item = in_hand()
    said = review_form.said(item)
    with guard.work() as (core, actor), transaction(Database.AI) as ai:
        claims.done(ai, item.id, said, actor=actor)
        following = claims.claim(ai, settings.read(core, actor=actor), actor=actor)
    state.put(LAST, (item, review_form.values(item.message_id)))
    _take(following)


@errors.action
def skip() -> None:
    """Leave the item to others, and take the next."""
    item = in_hand()
    with guard.work() as (core, actor), transaction(Database.AI) as ai:
        claims.skip(ai, item.id, actor=actor)
        following = claims.claim(ai, settings.read(core, actor=actor), actor=actor)
    state.put(LAST, (item, review_form.values(item.message_id)))
    _take(following)


@errors.action
def lay_aside() -> None:
    """Give the item back for later, and take another one; what was written stays as a draft."""
    item = in_hand()
    with guard.work() as (core, actor), transaction(Database.AI) as ai:
        following = claims.claim(ai, settings.read(core, actor=actor), actor=actor)
        if following is not None:
            claims.release(ai, item.id, actor=actor)
    if following is None:
        state.problem("No other one waits for you.")
        return
    _take(following)


@errors.action
def undo() -> None:
    """Take back what was saved or skipped last; it is in hand again, with what was said."""
    done: tuple[QueueItemView, dict[str, Any]] | None = state.get(LAST, None)
    if done is None:
        raise NothingInHand
    last, values = done
    present: QueueItemView | None = state.get(IN_HAND, None)
    with guard.work() as (core, actor), transaction(Database.AI) as ai:
        item = retracting.take_back(ai, last.id, settings.read(core, actor=actor), actor=actor)
        if present is not None:
            claims.release(ai, present.id, actor=actor)
    state.forget(LAST)
    review_form.fill(item.message_id, values)
    _take(item)
    state.toast("Undone")


@errors.action
def stop() -> None:
    """Give back what is in hand, and leave off."""
    item = in_hand()
    with guard.work() as (_, actor), transaction(Database.AI) as ai:
        claims.release(ai, item.id, actor=actor)
    put_down()


def in_hand() -> QueueItemView:
    """Return the item that is in hand; raise NothingInHand."""
    item: QueueItemView | None = state.get(IN_HAND, None)
    if item is None:
        raise NothingInHand
    return item


def put_down() -> None:
    """Have nothing in hand."""
    state.forget(IN_HAND)
    st.query_params.pop(RESUMES, None)


def bring_into_view(message: Said) -> None:
    """Show the message in hand in the middle of its pane."""
    with st.container(key="unseen-review-focus"):
        _focus(key="review.focus", data={"selector": f".st-key-focus-{message.id}", "block": "center", "token": str(message.id)})


def _claim(*, is_resuming: bool = False) -> QueueItemView | None:
    with guard.work() as (core, actor), transaction(Database.AI) as ai:
        return claims.claim(ai, settings.read(core, actor=actor), actor=actor, is_resuming=is_resuming)


def _take(item: QueueItemView | None) -> None:
    if item is None:
        put_down()
        state.toast("Nothing more waits for you")
        return
    state.put(IN_HAND, item)
    st.query_params.update({"view": "queue", RESUMES: "yes"})
