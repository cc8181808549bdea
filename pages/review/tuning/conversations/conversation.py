"""One conversation: the messages around the one in focus."""

import streamlit as st

from core.annotations.queries import annotation_list
from core.annotations.schemas import AnnotationView
from core.conversations.errors import ConversationMissing, MessageMissing
from core.database.db import Database, transaction
from core.database.paging import Window
from core.identity.permissions import Permission, may
from core.identity.schemas import Actor
from core.insights.queries.conversation_detail import ConversationPart, read_conversation
from core.system import workspace
from pages._ui import frame, guard, state, watch
from pages._ui.review import message_list
from pages.review.tuning import message_focus
from pages.review.tuning.conversations import (
    conversation_details,
    conversation_heading,
    shared_replays,
)

AT_ONCE = 30
OPENED = "tuning.opened"
TURNED = "tuning.turned"
LISTS = {"annotations": "All annotations", "summary": "Summary"}  # that a conversation is opened in


def draw(actor: Actor) -> None:
    """Draw the conversation that the address names."""
    came_from = LISTS.get(st.query_params.get("view", ""), "All conversations")
    frame.back(came_from, close, "tuning.back")
    try:
        found = read()
    except (ConversationMissing, MessageMissing) as missing:
        st.title("Tuning", anchor=False)
        frame.empty_state("speaker_notes_off", "Conversation not found", missing.detail)
        return
    zone, sees_costs = workspace.zone(), may(actor, Permission.WATCH)
    conversation_heading.draw(found.conversation, zone, actor)
    left, right = st.columns([2.6, 1], gap="medium")
    with right:
        conversation_details.draw(found, zone, sees_costs=sees_costs)
        shared_replays.draw(found.conversation.id, actor)
    with left:
        _draw_messages(found, zone, actor)
    _bring_into_view(found)


def read() -> ConversationPart:
    """Read a window of messages; the first read in a tab is audited."""
    given = st.query_params
    name, q, focus = given["conversation"], given.get("q"), given.get("message")
    begin = given.get("at", "")
    window = Window(AT_ONCE, int(begin) if begin.isdecimal() and len(begin) < 8 else 0)
    is_opening = state.get(OPENED, None) != name
    with guard.work() as (session, actor), transaction(Database.AI) as ai:
        # Once a page is turned, the message of the link no longer decides
        around = focus if not begin else None
        found = read_conversation(
            session, ai, name, window, focus=around, q=q, is_opening=is_opening, actor=actor
        )
    state.put(OPENED, name)
    return found


def read_annotations(found: ConversationPart) -> list[AnnotationView]:
    with guard.ai_work() as (ai, actor):
        return annotation_list.list_of_conversation(ai, found.conversation.id, actor=actor)


def close() -> None:
    """Go back to the list, from a callback."""
    state.forget(OPENED, TURNED)
    for name in ("conversation", "message", "at"):
        st.query_params.pop(name, None)
    # An empty address would show a reviewer the queue.
    if "view" not in st.query_params:
        st.query_params["view"] = "conversations"


def _draw_messages(found: ConversationPart, zone: str, actor: Actor) -> None:
    first, last = found.offset + 1, found.offset + len(found.messages)
    with watch.panel(
        "Messages", f"{first:,} to {last:,} of {found.total_count:,}" if found.messages else "none"
    ):
        with st.container(horizontal=True, gap="small", key="turns-before"):
            _draw_turn("first", "First messages", 0, is_there=found.offset > AT_ONCE)
            before = max(0, found.offset - AT_ONCE)
            _draw_turn("earlier", "Earlier messages", before, is_there=found.offset > 0)
        with st.container(border=True, gap="xsmall", key="said"):
            if not found.messages:
                st.caption("No messages.")
            message_list.draw(
                found.messages,
                zone,
                focus=st.query_params.get("message"),
                sees_costs=may(actor, Permission.WATCH),
                annotations=read_annotations(found),
                reader=actor,
            )
        with st.container(horizontal=True, gap="small", key="turns-after"):
            after, end = found.offset + AT_ONCE, found.total_count - AT_ONCE
            _draw_turn("later", "Later messages", after, is_there=last < found.total_count)
            _draw_turn("last", "Last messages", end, is_there=after < end)


def _draw_turn(way: str, label: str, at: int, *, is_there: bool) -> None:
    if is_there:
        is_up = way in ("first", "earlier")
        icon = ":material/expand_less:" if is_up else ":material/expand_more:"
        st.button(
            label, icon=icon, type="tertiary", key=f"tuning.{way}", on_click=_turn, args=(at, way)
        )


def _turn(at: int, way: str) -> None:
    st.query_params["at"] = str(at)
    state.put(TURNED, way)


def _bring_into_view(found: ConversationPart) -> None:
    """Scroll to the message in focus; after turning a page, to the end that continues it."""
    wanted = st.query_params.get("message")
    focus = next(
        (
            each.id
            for each in found.messages
            if wanted and wanted in (str(each.id), each.external_id)
        ),
        None,
    )
    way: str | None = state.get(TURNED, None)
    if way is not None:
        block = "start" if way in ("first", "later") else "end"
        message_focus.scroll_to(
            ".st-key-said", token=str(found.offset), key="tuning.focus", block=block
        )
    elif focus is not None:
        message_focus.scroll_to(f".st-key-focus-{focus}", token=str(focus), key="tuning.focus")
