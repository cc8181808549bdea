"""The queue: one message after the other; why it is there on the left, the conversation in the middle, the form on the right."""

from collections.abc import Callable

import streamlit as st

from core.annotations.review_queue.queue import Counters
from core.identity.permissions import Permission, may
from core.insights.conversation_detail import ReadMessage
from core.presentation import words
from core.system import workspace
from pages._ui import frame, markdown, state, text, watch
from pages._ui.cache import Reads
from pages._ui.lists import conversation_list, message_list, review_form
from pages.review.tuning import queue_decide, queue_many, queue_work
from pages.review.tuning.queue_desk import Visit
from pages.review.tuning.queue_many import REASONS
from pages.review.tuning.queue_work import QueueRun

KEYS = {
    "Ctrl + Enter": "Save and next (also inside a field)",
    "1 2 3 4": "Type: correction, improvement, flag or approved",
    "5 6 7": "Severity: minor, moderate or critical",
    "E": "Edit suggested response",
    "T": "Edit tags",
    "M": "Edit comment",
    "Esc": "Leave the field",
    "J": "Next: keep this one for later as a draft",
    "K": "Previous: go back to edit a saved item or resume one you left",
    "S": "Skip: leave it to other reviewers",
    "U": "Undo the last save or skip (repeatable)",
    "?": "Show shortcuts",
}
PEOPLE = {2: "Two", 3: "Three", 4: "Four", 5: "Five"}
SWITCH = "review.switch"


def draw(reads: Reads, header: watch.Header) -> None:
    """Draw the item in hand, or the way to the first."""
    seen = queue_work.read(reads)
    has_keys = bool(state.get(queue_work.HAS_KEYS, True))
    header.caption.caption(said(seen.counters))
    with header.actions:
        _draw_actions(has_keys=has_keys)
    if seen.visit is None:
        _draw_begin(seen.counters)
        if may(reads.actor, Permission.DECIDE_REVIEWS):
            queue_decide.draw(seen.counters.adjudication)
        queue_many.draw()
        return
    if seen.message is None:
        with frame.empty_state("speaker_notes_off", "Message deleted", "It was deleted after it was queued."):
            act = queue_work.lay_aside if seen.visit.is_saved else queue_work.skip
            st.button("Next" if seen.visit.is_saved else "Skip", key="review.gone", on_click=act)
        return
    left, middle, right = st.columns([1, 1.8, 1.45], gap="medium")
    with left.container(height=640, key="pane-review-why", border=False, gap="small"):
        _draw_why(seen, seen.visit)
    with middle.container(height=640, key="pane-review-talk", border=True, gap="xsmall", autoscroll=False):
        _draw_talk(seen, seen.message)
    with right.container(height=640, key="pane-review-form", border=True, gap="small", autoscroll=False):
        if seen.visit.is_saved:
            st.markdown(":blue-badge[:material/edit: Already saved]\u2002:gray[:small[saving updates it]]")
        form = review_form.ReviewForm(review_form.ReviewedMessage.of(seen.message), seen.kept)
        form.draw(seen.tags, has_keys=has_keys)
        _draw_ways_on(seen.visit, has_keys=has_keys)


def said(counters: Counters) -> str:
    """Say in a line how much waits, how much of it one has done today, and since when the oldest waits."""
    oldest = f"oldest waiting {text.ago(counters.oldest_at)}" if counters.oldest_at else ""
    waiting, mine = f"{counters.waiting:,} waiting", f"{counters.mine_today:,} reviewed by you today"
    return " · ".join(filter(None, (waiting, mine, oldest)))


def _draw_actions(*, has_keys: bool) -> None:
    desk = queue_work.desk()
    if desk.acts:
        shortcut = "U" if has_keys else None
        about = f"Undo up to {words.count(len(desk.acts), 'action')}"
        st.button(
            "Undo",
            key="review.undo",
            icon=":material/undo:",
            type="tertiary",
            shortcut=shortcut,
            help=about,
            on_click=queue_work.undo,
        )
    if desk.shown is not None:
        st.button(
            "Stop reviewing",
            key="review.stop",
            type="tertiary",
            help="Returns the current message to the queue.",
            on_click=queue_work.stop,
        )
    with st.container(key="review-keys", width="content"):
        st.button("Shortcuts", key="review.keys", icon=":material/keyboard:", type="tertiary", help="Press ?", on_click=show_keys)


@st.dialog("Keyboard shortcuts")
def show_keys() -> None:
    """Show what the keys do, and let them be switched off."""
    rows = "\n".join(f"| `{key}` | {does} |" for key, does in KEYS.items())
    st.markdown(f"| Key | Action |\n|---|---|\n{rows}")
    present = state.get(queue_work.HAS_KEYS, True)
    state.seed(SWITCH, present)
    about = "Ctrl+Enter always works. Single keys are ignored while you type."
    if st.toggle("Single-key shortcuts", key=SWITCH, help=about) != present:
        state.put(queue_work.HAS_KEYS, not present)
        state.toast("Single-key shortcuts off" if present else "Single-key shortcuts on")
        st.rerun()


def _draw_begin(counters: Counters) -> None:
    if not counters.waiting:
        body = "Messages join the queue when rated low, edited, failed, slow, escalated or sampled."
        frame.empty_state("inbox", "No messages to review", body)
        return
    body = "Messages are assigned to you one at a time. Works entirely from the keyboard."
    with frame.empty_state("rate_review", f"{words.count(counters.waiting, 'message')} to review", body):
        st.button("Start reviewing", key="review.begin", type="primary", shortcut="Ctrl+Enter", on_click=queue_work.begin)


def _draw_why(seen: QueueRun, visit: Visit) -> None:
    item = visit.item
    with watch.panel("Why queued", f"priority {item.priority} of 100"), st.container(border=True, gap="xsmall"):
        for reason in item.reasons:
            name, colour, why = REASONS[reason]
            st.markdown(f":{colour}-badge[{name}]  \n:gray[:small[{why}]]")
        if item.reviews_wanted > 1:
            st.caption(f"{PEOPLE[item.reviews_wanted]} reviewers review this message independently.")
    with watch.panel("Message"), st.container(border=True, gap="xsmall"):
        zone = workspace.zone()
        until = f"{item.claimed_until.astimezone(frame.time_zone()):%H:%M}" if item.claimed_until and not visit.is_saved else ""
        facts = {
            "Conversation": conversation_list.name_of(seen.reading.conversation) if seen.reading else "",
            "User": item.user_id or "",
            "Model": item.model,
            "Sent": words.moment(item.message_at, zone),
            "App": item.app,
            "Assigned to you until": until,
        }
        for name, value in facts.items():
            if value:
                st.markdown(f":gray[:small[{name}]]  \n{text.plain(text.one_line(value)[:200])}")
    with watch.panel("Guidelines"), st.container(border=True, key="guidelines"):
        if seen.guidelines.strip():
            markdown.draw(seen.guidelines)
        else:
            st.caption("No guidelines yet. Admins add them in Settings > Review.")


def _draw_talk(seen: QueueRun, message: ReadMessage) -> None:
    if seen.reading is None:
        return
    reading = seen.reading
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        title = text.plain(conversation_list.name_of(reading.conversation))
        st.markdown(f"**{title}**\u2002:gray[:small[message {message.position + 1} of {reading.total_count:,}]]", width="content")
    message_list.draw(reading.messages, workspace.zone(), focus=str(message.id), sees_costs=False)
    queue_work.bring_into_view(message)


def _draw_ways_on(visit: Visit, *, has_keys: bool) -> None:
    ways: dict[str, tuple[str, Callable[[], None]]] = {
        "Previous": ("K", queue_work.go_back),
        "Next": ("J", queue_work.lay_aside),
        "Skip": ("S", queue_work.skip),
    }
    off = {"Skip"} if visit.is_saved else set[str]()
    off |= set() if queue_work.desk().before else {"Previous"}
    with st.container(horizontal=True, gap="medium", vertical_alignment="center", key="review-ways"):
        for label, (key, act) in ways.items():
            shortcut, is_off = key if has_keys else None, label in off
            st.button(label, key=f"review.{label}", type="tertiary", shortcut=shortcut, on_click=act, disabled=is_off)
    st.button(
        "Save and next", key="review.save", type="primary", shortcut="Ctrl+Enter", width="stretch", on_click=queue_work.save
    )
