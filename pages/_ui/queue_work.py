"""What a reviewer does with the queue: takes an item, says something of it, goes on, and takes back what was done last."""

from dataclasses import dataclass
from typing import Any

import streamlit as st

from core.annotations import claims, drafts, progress, settings, tags, undoing
from core.annotations.progress import Progress
from core.annotations.schemas import QueueItemView
from core.db import Database, transaction
from core.insights.reading import Reading, Said, read_conversation
from core.paging import Window
from core.system import workspace
from pages._ui import errors, frame, guard, review_form, state
from pages._ui.cache import Reads

HAS_KEYS, OPENED, LAST = "review.has_keys", "review.opened", "review.last"
IN_HAND = "review.in_hand"
RESUMES = "working"  # in the address: whoever comes again goes on with what he holds
AROUND = 13  # messages, that in focus among them

_focus = st.components.v2.component("attune_review_focus", js=frame.read("parts/focus.js"))


@dataclass(frozen=True)
class Seen:
    """What one run of the queue shows."""

    progress: Progress
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
    is_opening = item is not None and state.get(OPENED, None) != item.id
    with guard.work() as (core, actor), transaction(Database.AI) as ai:
        rules = settings.read(core, actor=actor)
        counted = progress.read(ai, actor=actor, zone=workspace.zone())
        state.seed(HAS_KEYS, rules.single_keys)
        draft, reading = None, None
        if item is not None:
            draft = drafts.read(ai, item.message_id, actor=actor) if is_opening else None
            window, talk = Window(AROUND), str(item.conversation_id)
            reading = read_conversation(core, ai, talk, window, focus=str(item.message_id), is_opening=is_opening, actor=actor)
    if item is not None:
        state.put(OPENED, item.id)
    offered = [each.tag for each in reads.ask_both(tags.list_tags)]
    return Seen(counted, item, reading, draft.fields if draft else None, offered, rules.guidelines)


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
    item: QueueItemView = state.get(IN_HAND, None)
    said = review_form.said(item)
    with guard.work() as (_, actor), transaction(Database.AI) as ai:
        claims.done(ai, item.id, said, actor=actor)
    state.put(LAST, item)
    review_form.forget(item.message_id)
    _take(_claim())


@errors.action
def skip() -> None:
    """Leave the item to others, and take the next."""
    item: QueueItemView = state.get(IN_HAND, None)
    with guard.work() as (_, actor), transaction(Database.AI) as ai:
        claims.skip(ai, item.id, actor=actor)
    state.put(LAST, item)
    _take(_claim())


@errors.action
def lay_aside() -> None:
    """Give the item back, and take another one; what was written stays as a draft."""
    item: QueueItemView = state.get(IN_HAND, None)
    following = _claim()
    with guard.work() as (_, actor), transaction(Database.AI) as ai:
        claims.release(ai, item.id, actor=actor)
    if following is None:
        state.problem("This is the only one that waits for you.")
    _take(following)


@errors.action
def undo() -> None:
    """Take back what was saved or skipped last; it is in hand again, with what was said."""
    last: QueueItemView = state.take(LAST)
    present: QueueItemView | None = state.get(IN_HAND, None)
    with guard.work() as (core, actor), transaction(Database.AI) as ai:
        item, removed = undoing.undo(ai, last.id, settings.read(core, actor=actor), actor=actor)
        if present is not None:
            claims.release(ai, present.id, actor=actor)
    if removed is not None:
        review_form.fill(removed)
    _take(item)
    state.toast("Undone")


def bring_into_view(message: Said) -> None:
    """Show the message in hand in the middle of its pane."""
    with st.container(key="unseen-review-focus"):
        _focus(key="review.focus", data={"selector": f".st-key-focus-{message.id}", "block": "center", "token": str(message.id)})


def _claim(*, is_resuming: bool = False) -> QueueItemView | None:
    with guard.work() as (core, actor), transaction(Database.AI) as ai:
        return claims.claim(ai, settings.read(core, actor=actor), actor=actor, is_resuming=is_resuming)


def _take(item: QueueItemView | None) -> None:
    state.put(IN_HAND, item)
    if item is None:
        st.query_params.pop(RESUMES, None)
        state.toast("Nothing more waits for you")
    else:
        st.query_params[RESUMES] = "yes"
