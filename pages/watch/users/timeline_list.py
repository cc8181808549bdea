"""A timeline by day and session with events, conversations and feedback. Each session is one piece
of HTML: hundreds of Streamlit elements would take a second.
"""

from collections.abc import Sequence
from html import escape
from itertools import groupby
from uuid import UUID

import streamlit as st

from core.database.db import Database, transaction
from core.database.paging import LARGEST_PAGE, Window
from core.insights.queries.conversation_detail import ReadMessage, read_conversation
from core.insights.queries.timeline import SessionEntries, TimelineConversation, TimelineDay
from core.presentation import formatting
from pages._ui import errors, guard, links, markdown, state, text
from pages.watch.users import timeline_rows

OLDEST, LATEST = "Oldest first", "Latest first"


def choose_order(key: str) -> None:
    """Draw the choice between the first events and the last ones."""
    st.segmented_control(
        "Order of events",
        [OLDEST, LATEST],
        default=OLDEST,
        key=key,
        required=True,
        label_visibility="collapsed",
    )


def draw(days: Sequence[TimelineDay], zone: str, *, is_readable: bool) -> None:
    """Draw the days in the order given."""
    if not days:
        st.caption(
            "No events, conversations or feedback are stored: none were sent, or they have passed "
            "their retention period."
        )
    for day in days:
        events = formatting.count(day.events, "event")
        st.markdown(f"**{day.day:%A, %-d %B %Y}**\u2002:gray[:small[{events}]]")
        for number, stretch in enumerate(day.stretches):
            _draw_stretch(stretch, zone, f"{day.day}.{number}", is_readable=is_readable)


def _draw_stretch(stretch: SessionEntries, zone: str, key: str, *, is_readable: bool) -> None:
    with st.container(border=True, gap="xsmall", key=f"stretch-{key}"):
        if stretch.facts:
            st.caption(text.plain(" · ".join(stretch.facts)))
        # Events in a row are one list; conversations have buttons, and stand alone
        for is_talk, timed in groupby(
            stretch.entries, key=lambda each: isinstance(each[0], TimelineConversation)
        ):
            if not is_talk:
                rows = "".join(timeline_rows.row(*each, zone) for each in timed)
                st.html(f'<ol class="attune-timeline">{rows}</ol>')
                continue
            for talk, gap in timed:
                if isinstance(talk, TimelineConversation):
                    _draw_talk(talk, gap, zone, is_readable=is_readable)


def _draw_talk(
    talk: TimelineConversation, gap: float | None, zone: str, *, is_readable: bool
) -> None:
    facts = [
        formatting.count(talk.message_count, "message"),
        *(["escalated"] if talk.escalated_at else []),
    ]
    key = f"journey.said.{talk.id}"
    with st.container(
        horizontal=True, vertical_alignment="center", gap="small", key=f"talk-{talk.id}"
    ):
        body = f"<b>conversation</b> <small>{', '.join(facts)}</small>" + (
            f"<p>{escape(talk.title[:120])}</p>" if talk.title else ""
        )
        st.html(
            f'<ol class="attune-timeline">{timeline_rows.line(talk, gap, zone, "talk", body)}</ol>',
            width="content",
        )
        if not is_readable:
            st.caption("Your role can't read messages.", width="content")
        elif state.get(key, None) is None:
            st.button(
                "Show messages",
                type="tertiary",
                key=f"{key}.open",
                on_click=_open,
                args=(talk.id, key),
            )
        else:
            st.button(
                "Hide messages",
                type="tertiary",
                key=f"{key}.close",
                on_click=state.forget,
                args=(key,),
            )
        links.draw("tuning", "Open in Tuning", icon="rate_review", conversation=str(talk.id))
    if is_readable:
        _draw_said(state.get(key, []))


def _draw_said(said: list[ReadMessage]) -> None:
    for message in said:
        with st.chat_message(
            message.role if message.role in ("user", "assistant") else "system",
            avatar=_avatar(message.role),
        ):
            markdown.draw(message.content + ("…" if message.is_cut else ""))
            if message.error:
                st.caption(f":red[{text.plain(message.error[:300])}]")


def _avatar(role: str) -> str:
    return {"user": ":material/person:", "assistant": ":material/smart_toy:"}.get(
        role, ":material/settings:"
    )


@errors.action
def _open(talk_id: UUID, key: str) -> None:
    """Read a conversation, which is audited; from a callback."""
    with guard.work() as (session, actor), transaction(Database.AI) as ai:
        found = read_conversation(session, ai, str(talk_id), Window(LARGEST_PAGE), actor=actor)
    state.put(key, found.messages)
