"""The messages to adjudicate, as a list in the queue."""

import streamlit as st

from core.annotations.queries import review_items
from core.annotations.schemas import ItemState
from core.database.db import Database, transaction
from core.database.paging import Window
from core.insights.queries.excerpts import read_excerpts
from core.presentation import formatting
from core.system import workspace
from pages._ui import guard, text, watch
from pages.review.tuning.queue import adjudication_actions

FIRST, LINE = 20, 120


def draw(number: int) -> None:
    """Draw the messages to adjudicate, longest in the queue first."""
    if not number:
        return
    with guard.work() as (core, actor), transaction(Database.AI) as ai:
        items = review_items.list_items(
            ai, ItemState.ADJUDICATION, Window(FIRST), actor=actor, count=False
        ).items
        begins = read_excerpts(core, [item.message_id for item in items], longest=LINE, actor=actor)
    with watch.panel(
        "Adjudication",
        f"{formatting.count(number, 'message')} to adjudicate, longest in the queue first",
    ):
        if not items:
            st.caption("You reviewed all of these yourself. Another adjudicator must decide.")
        for item in items:
            facts = (item.user_id, item.model, formatting.moment(item.message_at, workspace.zone()))
            about = text.plain(text.one_line(" · ".join(filter(None, facts))))
            message = begins.get(item.message_id)
            begin = text.plain(text.one_line(message.short)) if message else "Message deleted."
            with st.container(
                horizontal=True,
                vertical_alignment="center",
                horizontal_alignment="distribute",
                wrap=False,
                key=f"row-decide-{item.id}",
            ):
                st.markdown(f"{begin}  \n:gray[:small[{about}]]", width="content")
                st.button(
                    "Adjudicate",
                    key=f"review.decide.{item.id}",
                    on_click=adjudication_actions.open_,
                    args=(item.id,),
                )
