"""The review queue: the assigned message, else its counters and the way to begin."""

import streamlit as st

from core.annotations.queries.review_items import QueueCounts
from core.identity.permissions import Permission, may
from core.presentation import formatting
from pages._ui import frame, links, state, text, watch
from pages._ui.cache import Reads
from pages.review.tuning.queue import (
    adjudication,
    adjudication_actions,
    adjudication_list,
    bulk_review,
    queue_item,
    queue_run,
    queue_session,
    queue_shortcuts,
    review_actions,
)


def draw(reads: Reads, header: watch.Header) -> None:
    """Draw the assigned message, or the way to begin."""
    seen = queue_run.read(reads)
    has_keys = bool(state.get(queue_session.HAS_KEYS, True))
    decides = may(reads.actor, Permission.DECIDE_REVIEWS)
    if decides and seen.entry is None and adjudication_actions.is_open():
        adjudication.draw(reads, header, has_keys=has_keys)
        return
    header.caption.caption(counters_text(seen.counters))
    with header.actions:
        queue_shortcuts.draw(has_keys=has_keys)
        if seen.entry is None and seen.counters.waiting_for_me:
            frame.csv_link("/api/v1/admin/ai/tuning/queue?format=csv")
    if seen.entry is None:
        _draw_begin(seen.counters)
        if decides:
            adjudication_list.draw(seen.counters.adjudication)
        bulk_review.draw()
        return
    if seen.message is None:
        with frame.empty_state(
            "speaker_notes_off", "Message deleted", "It was deleted after it was queued."
        ):
            # An item that is saved already cannot be skipped
            label, key, act = (
                ("Next", "J", review_actions.set_aside)
                if seen.entry.is_saved
                else ("Skip", "S", review_actions.skip)
            )
            shortcut = key if has_keys else None
            st.button(label, key="review.gone", shortcut=shortcut, on_click=act)
        return
    queue_item.draw(seen, seen.entry, seen.message, has_keys=has_keys)


def counters_text(counters: QueueCounts) -> str:
    """Return the numbers waiting and done today, and the age of the oldest, in one line."""
    oldest = f"oldest queued {text.since(counters.oldest_at)}" if counters.oldest_at else ""
    waiting, mine = (
        f"{counters.waiting:,} waiting",
        f"{counters.mine_today:,} reviewed by you today",
    )
    return " · ".join(filter(None, (waiting, mine, oldest)))


def _draw_begin(counters: QueueCounts) -> None:
    if not counters.waiting:
        body = "Messages join the queue when rated low, edited, failed, slow, escalated or sampled."
        with frame.empty_state("inbox", "No messages to review", body):
            links.draw("tuning", "View conversations", icon="forum", view="conversations")
        return
    if not counters.waiting_for_me:
        verb = "waits" if counters.waiting == 1 else "wait"
        body = f"{formatting.count(counters.waiting, 'message')} {verb} for other reviewers."
        frame.empty_state("inbox", "No messages for you", body)
        return
    body = "Messages are assigned to you one at a time. Works entirely from the keyboard."
    with frame.empty_state(
        "rate_review", f"{formatting.count(counters.waiting_for_me, 'message')} to review", body
    ):
        st.button(
            "Start reviewing",
            key="review.begin",
            type="primary",
            shortcut="Ctrl+Enter",
            on_click=review_actions.begin,
        )
