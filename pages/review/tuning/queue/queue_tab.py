"""The review queue: reasons, the conversation and the form of one message."""

from collections.abc import Callable

import streamlit as st

from core.annotations.queries.review_items import QueueCounts
from core.annotations.review_session import HistoryEntry
from core.identity.permissions import Permission, may
from core.insights.queries.conversation_detail import ReadMessage
from core.presentation import formatting
from core.system import workspace
from pages._ui import frame, links, markdown, state, text, watch
from pages._ui.cache import Reads
from pages._ui.review import conversation_list, message_list, review_form
from pages.review.tuning.queue import (
    adjudication,
    adjudication_actions,
    adjudication_list,
    bulk_review,
    queue_shortcuts,
    review_actions,
)
from pages.review.tuning.queue.bulk_review import REASONS
from pages.review.tuning.queue.review_actions import QueueRun

PEOPLE = {2: "Two", 3: "Three", 4: "Four", 5: "Five"}


def draw(reads: Reads, header: watch.Header) -> None:
    """Draw the assigned message, or the way to begin."""
    seen = review_actions.read(reads)
    has_keys = bool(state.get(review_actions.HAS_KEYS, True))
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
            act = review_actions.set_aside if seen.entry.is_saved else review_actions.skip
            st.button("Next" if seen.entry.is_saved else "Skip", key="review.gone", on_click=act)
        return
    left, middle, right = st.columns([1, 1.8, 1.45], gap="medium")
    with left.container(height=640, key="pane-review-why", border=False, gap="small"):
        _draw_why(seen, seen.entry)
    with middle.container(
        height=640, key="pane-review-talk", border=True, gap="xsmall", autoscroll=False
    ):
        _draw_talk(seen, seen.message)
    with right.container(
        height=640, key="pane-review-form", border=True, gap="small", autoscroll=False
    ):
        if seen.entry.is_saved:
            st.markdown(
                ":blue-badge[:material/edit: Already saved]\u2002:gray[:small[saving updates it]]"
            )
        _draw_edit_of_user(seen.message, has_keys=has_keys)
        form = review_form.ReviewForm(review_form.ReviewedMessage.of(seen.message), seen.kept)
        form.draw(seen.tags, has_keys=has_keys)
        _draw_ways_on(seen.entry, has_keys=has_keys)


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


def _draw_why(seen: QueueRun, entry: HistoryEntry) -> None:
    item = entry.item
    with (
        watch.panel("Why queued", f"priority {item.priority} of 100"),
        st.container(border=True, gap="xsmall"),
    ):
        for reason in item.reasons:
            name, colour, why = REASONS[reason]
            st.markdown(f":{colour}-badge[{name}]  \n:gray[:small[{why}]]")
        if item.reviews_wanted > 1:
            st.caption(
                f"{PEOPLE[item.reviews_wanted]} reviewers review this message independently."
            )
    until = (
        frame.local_time(item.claimed_until, workspace.zone())
        if item.claimed_until and not entry.is_saved
        else ""
    )
    known = {
        "Conversation": conversation_list.name_of(seen.reading.conversation)
        if seen.reading
        else "",
        "User": item.user_id,
        "Model": item.model,
        "Sent": formatting.moment(item.message_at, workspace.zone()),
        "App": item.app,
        "Assigned to you until": until,
    }
    watch.details("Message", known)
    with watch.panel("Guidelines"), st.container(border=True, key="guidelines"):
        if seen.guidelines.strip():
            markdown.draw(seen.guidelines)
        else:
            st.caption("No guidelines yet. Admins add them in Settings > Review.")


def _draw_talk(seen: QueueRun, message: ReadMessage) -> None:
    if seen.reading is None:
        return
    reading = seen.reading
    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
    ):
        title = text.plain(conversation_list.name_of(reading.conversation))
        st.markdown(
            (
                f"**{title}**\u2002:gray[:small[message {message.position + 1} of "
                f"{reading.total_count:,}]]"
            ),
            width="content",
        )
    message_list.draw(reading.messages, workspace.zone(), focus=str(message.id), sees_costs=False)
    review_actions.bring_into_view(message)


def _draw_edit_of_user(message: ReadMessage, *, has_keys: bool) -> None:
    """Draw the way to suggest what the user made of the answer, if they edited it."""
    edits = [each.edited_text for each in message.feedback if each.edited_text]
    # The field would cut a longer one
    if edits and len(edits[-1]) <= review_form.LONGEST:
        st.button(
            "Use user's edit",
            key="review.adopt",
            icon=":material/edit_note:",
            type="tertiary",
            shortcut="A" if has_keys else None,
            on_click=review_form.suggest,
            args=(message.id, edits[-1]),
        )


def _draw_ways_on(entry: HistoryEntry, *, has_keys: bool) -> None:
    ways: dict[str, tuple[str, Callable[[], None]]] = {
        "Previous": ("K", review_actions.go_back),
        "Next": ("J", review_actions.set_aside),
        "Skip": ("S", review_actions.skip),
    }
    off = {"Skip"} if entry.is_saved else set[str]()
    off |= set() if review_actions.session().before else {"Previous"}
    with st.container(
        horizontal=True, gap="medium", vertical_alignment="center", key="review-ways"
    ):
        for label, (key, act) in ways.items():
            shortcut, is_off = key if has_keys else None, label in off
            st.button(
                label,
                key=f"review.{label}",
                type="tertiary",
                shortcut=shortcut,
                on_click=act,
                disabled=is_off,
            )
    st.button(
        "Save and next",
        key="review.save",
        type="primary",
        shortcut="Ctrl+Enter",
        width="stretch",
        on_click=review_actions.save,
    )
