"""The assigned message: why it is queued, its conversation, and the form."""

from collections.abc import Callable

import streamlit as st

from core.annotations.review_session import HistoryEntry
from core.insights.queries.conversation_detail import ReadMessage
from core.presentation import formatting
from core.system import workspace
from pages._ui import frame, markdown, text, watch
from pages._ui.review import conversation_list, review_form
from pages.review.tuning.queue import item_conversation, queue_session, review_actions
from pages.review.tuning.queue.bulk_review import REASONS
from pages.review.tuning.queue.queue_run import QueueRun

PEOPLE = {2: "Two", 3: "Three", 4: "Four", 5: "Five"}


def draw(seen: QueueRun, entry: HistoryEntry, message: ReadMessage, *, has_keys: bool) -> None:
    """Draw the message in three panes."""
    left, middle, right = st.columns([1, 1.8, 1.45], gap="medium")
    with left.container(height=640, key="pane-review-why", border=False, gap="small"):
        _draw_why(seen, entry)
    with middle.container(
        height=640, key="pane-review-talk", border=True, gap="xsmall", autoscroll=False
    ):
        _draw_talk(seen, message)
    with right.container(
        height=640, key="pane-review-form", border=True, gap="small", autoscroll=False
    ):
        if entry.is_saved:
            st.markdown(
                ":blue-badge[:material/edit: Already saved]\u2002:gray[:small[saving updates it]]"
            )
        _draw_edit_of_user(message, has_keys=has_keys)
        form = review_form.ReviewForm(review_form.ReviewedMessage.of(message), seen.kept)
        form.draw(seen.tags, has_keys=has_keys)
        _draw_ways_on(entry, has_keys=has_keys)


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
    item_conversation.draw(reading, message)


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
    off |= set() if queue_session.current().before else {"Previous"}
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
