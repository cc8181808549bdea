"""Adjudication: a third person decides between annotations that differ."""

import streamlit as st

from core.annotations.queries import review_items
from core.annotations.schemas import AnnotationView, Decision, ItemState, QueueItemView
from core.annotations.service import adjudication
from core.conversations.errors import ConversationMissing, MessageMissing
from core.database.db import Database, transaction
from core.database.paging import Window
from core.insights.queries.conversation_detail import Reading, read_conversation
from core.insights.queries.excerpts import read_excerpts
from core.presentation import formatting
from core.system import workspace
from pages._ui import errors, guard, state, text, watch
from pages._ui.review import annotation_card, message_list

AROUND, FIRST, LINE = 5, 20, 120
OPENED = "review.decided"


def draw(number: int) -> None:
    """Draw the messages to adjudicate, oldest first."""
    if not number:
        return
    with guard.work() as (core, actor), transaction(Database.AI) as ai:
        items = review_items.list_items(
            ai, ItemState.ADJUDICATION, Window(FIRST), actor=actor, count=False
        ).items
        begins = read_excerpts(core, [item.message_id for item in items], longest=LINE, actor=actor)
    with watch.panel(
        "Adjudication", f"{formatting.count(number, 'message')} to adjudicate, oldest first"
    ):
        if not items:
            st.caption("You reviewed all of these yourself. Another adjudicator must decide.")
        for item in items:
            is_open = state.get(OPENED, None) == item.id
            facts = (item.user_id, item.model, formatting.moment(item.message_at, workspace.zone()))
            about = text.plain(text.one_line(" · ".join(filter(None, facts))))
            message = begins.get(item.message_id)
            begin = text.plain(text.one_line(message.short)) if message else "Message deleted."
            label = "Close" if is_open else "Adjudicate"
            with st.container(
                horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"
            ):
                st.markdown(f"{begin}  \n:gray[:small[{about}]]", width="content")
                st.button(
                    label,
                    key=f"review.decide.{item.id}",
                    on_click=state.put,
                    args=(OPENED, None if is_open else item.id),
                )
            if is_open:
                _draw_item(item)


def _draw_item(item: QueueItemView) -> None:
    reading, opinions = _read(item)
    zone = workspace.zone()
    left, right = st.columns([1.5, 1], gap="medium")
    with left.container(border=True, gap="xsmall"):
        if reading is None:
            st.caption("Message deleted.")
        else:
            message_list.draw(reading.messages, zone, focus=str(item.message_id), sees_costs=False)
    said = (
        next((each.content for each in reading.messages if each.id == item.message_id), None)
        if reading
        else None
    )
    with right:
        for each in opinions:
            with st.container(border=True, gap="small", key=f"opinion-{each.id}"):
                annotation_card.draw(each, zone, original=said)
                st.button(
                    "Accept this annotation",
                    key=f"review.holds.{each.id}",
                    on_click=decide,
                    args=(each,),
                )


def _read(item: QueueItemView) -> tuple[Reading | None, list[AnnotationView]]:
    with guard.work() as (core, actor), transaction(Database.AI) as ai:
        opinions = adjudication.list_opinions(ai, item.id, actor=actor)
        talk, focus = str(item.conversation_id), str(item.message_id)
        try:
            reading = read_conversation(core, ai, talk, Window(AROUND), focus=focus, actor=actor)
        except (ConversationMissing, MessageMissing):
            reading = None
    return reading, opinions


@errors.action
def decide(one: AnnotationView) -> None:
    with guard.ai_work() as (ai, actor):
        adjudication.adjudicate(ai, one.id, Decision(), actor=actor)
    state.forget(OPENED)
    state.toast("Adjudication saved")
