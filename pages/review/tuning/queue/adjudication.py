"""One message to adjudicate: a third person decides between annotations that differ."""

from collections.abc import Mapping, Sequence

import streamlit as st

from core.annotations.queries import tags
from core.conversations.schemas import MessageSpeaker
from core.presentation import formatting
from core.system import workspace
from pages._ui import frame, watch
from pages._ui.cache import Reads
from pages._ui.review import annotation_card
from pages._ui.review.review_form import ReviewedMessage, ReviewForm
from pages.review.tuning.queue import adjudication_actions, item_conversation, queue_shortcuts
from pages.review.tuning.queue.dispute import Dispute, list_items, read


def draw(reads: Reads, header: watch.Header, *, has_keys: bool) -> None:
    """Draw the message to adjudicate, with its annotations side by side."""
    items, count = list_items()
    dispute = read(items) if items else None
    header.caption.caption(
        f"{formatting.count(count, 'message')} to adjudicate, longest in the queue first"
    )
    # While a verdict is written, single keys are letters of it
    kept = adjudication_actions.written(dispute.item.message_id) if dispute else None
    is_writing = kept is not None
    with header.actions:
        _draw_actions(has_keys=has_keys and not is_writing)
    if dispute is None:
        body = "Messages appear here when independent reviewers choose different types."
        frame.empty_state("balance", "No messages to adjudicate", body)
        return
    left, right = st.columns([1, 1.7], gap="medium")
    with left.container(
        height=640, key="pane-review-talk", border=True, gap="xsmall", autoscroll=False
    ):
        _draw_talk(dispute)
    with right.container(height=640, key="pane-review-decide", border=False, gap="small"):
        _draw_opinions(dispute, has_keys=has_keys and not is_writing)
        if kept is not None:
            offered = [each.tag for each in reads.ask_both(tags.list_tags)]
            _draw_form(dispute, kept, offered, has_keys=has_keys)
        else:
            _draw_ways(dispute, has_keys=has_keys)


def _draw_actions(*, has_keys: bool) -> None:
    if adjudication_actions.undoable():
        st.button(
            "Undo",
            key="decide.undo",
            icon=":material/undo:",
            type="tertiary",
            shortcut="U" if has_keys else None,
            on_click=adjudication_actions.undo,
        )
    st.button(
        "Back to queue", key="decide.leave", type="tertiary", on_click=adjudication_actions.leave
    )
    queue_shortcuts.draw_shortcuts()


def _draw_talk(dispute: Dispute) -> None:
    if dispute.reading is None or dispute.message is None:
        st.caption("Message deleted.")
        return
    item_conversation.draw(dispute.reading, dispute.message)


def _draw_opinions(dispute: Dispute, *, has_keys: bool) -> None:
    said = dispute.message.content if dispute.message else None
    grid = st.grid(len(dispute.opinions), min_column_width=240, gap="small")
    for number, each in enumerate(dispute.opinions, 1):
        with (
            grid.cell(),
            st.container(border=True, gap="small", key=f"opinion-{each.id}", height="stretch"),
        ):
            annotation_card.draw(each, workspace.zone(), original=said)
            st.button(
                "Accept",
                key=f"decide.accept.{each.id}",
                shortcut=str(number) if has_keys else None,
                on_click=adjudication_actions.accept,
                args=(dispute.item.id, each.id),
            )


def _draw_ways(dispute: Dispute, *, has_keys: bool) -> None:
    item = dispute.item
    ways = [
        ("Accept neither", "N", adjudication_actions.accept_neither, item.id),
        ("Write my own", "W", adjudication_actions.write_own, item.message_id),
    ]
    if dispute.following.id != item.id:
        ways.append(("Next", "J", adjudication_actions.open_, dispute.following.id))
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        for label, key, act, about in ways:
            st.button(
                label,
                key=f"decide.{key}.{item.id}",
                type="tertiary" if key == "J" else "secondary",
                shortcut=key if has_keys else None,
                on_click=act,
                args=(about,),
            )


def _draw_form(
    dispute: Dispute, kept: Mapping[str, object], offered: Sequence[str], *, has_keys: bool
) -> None:
    item = dispute.item
    empty = ReviewedMessage(item.message_id, MessageSpeaker(item.message_role), "")
    subject = ReviewedMessage.of(dispute.message) if dispute.message else empty
    with st.container(border=True, gap="small", key="annotation-new"):
        ReviewForm(subject, kept).draw(offered, has_keys=has_keys)
        with st.container(horizontal=True, gap="small"):
            st.button(
                "Save and next",
                key="review.save",
                type="primary",
                shortcut="Ctrl+Enter",
                on_click=adjudication_actions.save_own,
                args=(item.id, item.message_id),
            )
            st.button(
                "Cancel", key="decide.cancel", type="tertiary", on_click=adjudication_actions.cancel
            )
