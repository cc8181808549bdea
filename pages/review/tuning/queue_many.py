"""Messages waiting for review, in a table: a selection of them is read, and approved or skipped at once."""

from collections.abc import Mapping, Sequence
from uuid import UUID

import pandas as pd
import streamlit as st

from core.annotations import settings
from core.annotations.review_queue import queue
from core.annotations.schemas import BulkAction, BulkBody, ItemState, QueueItemView, Reason
from core.database.db import Database, transaction
from core.database.paging import Window
from core.insights.excerpts import Excerpt, read_excerpts
from core.presentation import words
from core.system import workspace
from pages._ui import errors, guard, links, markdown, state, tables, text, watch
from pages._ui.lists import user_list

SHOWN = 50
LINE, LONGEST = 200, 6000  # characters of a message in the table, and below it
SHORT = 3  # messages that need no pane of their own
TABLE, READ = "review.waiting", "review.read"
REASONS: dict[Reason, tuple[str, str, str]] = {
    Reason.ASKED_FOR: ("Requested", "blue", "Added to the queue by a teammate."),
    Reason.RATED_LOW: ("Rated low", "red", "The user gave a thumbs-down or a low rating."),
    Reason.EDITED: ("Edited", "orange", "The user edited the answer."),
    Reason.ERROR: ("Error", "red", "The answer, or a tool it called, failed."),
    Reason.ESCALATED: ("Escalated", "orange", "The conversation was escalated to a human."),
    Reason.SLOW: ("Slow", "orange", "Slower than the limit set in Settings > Review."),
    Reason.SAMPLE: ("Sample", "gray", "Randomly sampled."),
}
column = st.column_config
COLUMNS = {
    "Why": column.MultiselectColumn(
        options=[name for name, _, _ in REASONS.values()], color=[colour for _, colour, _ in REASONS.values()], width=180
    ),
    "Message": column.TextColumn(width=380),
    "Priority": column.ProgressColumn(format="%d", min_value=0, max_value=100, width=120),
    "Sent": column.DatetimeColumn(format="D MMM YYYY HH:mm", width=140),
    "User": column.TextColumn(width=160),
    "Model": column.TextColumn(width=150),
    "App": column.TextColumn(width=120),
}


def draw() -> None:
    """Draw the table, and what can be done with what is selected in it."""
    with guard.work() as (core, actor), transaction(Database.AI) as ai:
        rows = queue.list_items(ai, ItemState.WAITING, Window(SHOWN), actor=actor, count=False).items
        begins = read_excerpts(core, [row.message_id for row in rows], longest=LINE, actor=actor)
    if not rows:
        return
    key = f"{TABLE}.{state.get(TABLE, 0)}"
    order = f"next {len(rows)} in order" if len(rows) == SHOWN else "in order"
    with watch.panel("Waiting for review", f"{order} · select rows to read, approve or skip them"):
        table = _table(rows, begins, workspace.zone())
        numbers = tables.choose_many(table, words.count(len(rows), "message"), key=key, columns=COLUMNS, most=11)
        chosen = [rows[number] for number in numbers]
        _draw_texts(chosen)
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            for label, action in (("Approve", BulkAction.APPROVE), ("Skip", BulkAction.SKIP)):
                said = f"{label} {len(chosen)}" if chosen else label
                st.button(said, key=f"review.{label}.many", disabled=not chosen, on_click=act, args=(action, chosen))


def _draw_texts(chosen: Sequence[QueueItemView]) -> None:
    """Draw what is about to be approved or skipped: each message with the question before it."""
    if not chosen:
        return
    opened = {item.message_id for item in chosen} - state.get(READ, set[UUID]())
    with guard.work() as (core, actor):
        ids = [item.message_id for item in chosen]
        found = read_excerpts(core, ids, longest=LONGEST, actor=actor, opened=opened)
    state.put(READ, opened | state.get(READ, set()))
    with st.container(height="content" if len(chosen) <= SHORT else 420, border=True, gap="medium", key="review-texts"):
        for item in chosen:
            _draw_text(item, found.get(item.message_id))


def _draw_text(item: QueueItemView, message: Excerpt | None) -> None:
    with st.container(gap="xsmall"):
        facts = [item.user_id, item.model, words.moment(item.message_at, workspace.zone())]
        st.caption(text.plain(text.one_line(" · ".join(filter(None, facts)))))
        if message is None:
            st.markdown("Message deleted.")
            return
        if message.question:
            st.caption(text.plain(f"Question: {text.one_line(message.question)[:300]}"))
        markdown.draw(message.content)
        if message.is_cut:
            st.caption(f"Showing {LONGEST:,} of {message.characters:,} characters")
            links.draw("tuning", "Open message", conversation=str(item.conversation_id), message=str(item.message_id))


@errors.action
def act(action: BulkAction, chosen: Sequence[QueueItemView]) -> None:
    """Approve or skip a selection."""
    body = BulkBody(action=action, ids=[each.id for each in chosen])
    with guard.work() as (core, actor), transaction(Database.AI) as ai:
        found = queue.act_on_many(ai, body, settings.read(core, actor=actor), actor=actor)
    state.put(TABLE, state.get(TABLE, 0) + 1)  # another table, in which nothing is selected
    left = f" · {words.count(len(found.left), 'message')} skipped: assigned to other reviewers" if found.left else ""
    done = "approved" if action is BulkAction.APPROVE else "skipped"
    state.toast(f"{words.count(len(found.done), 'message')} {done}{left}")


def _table(rows: Sequence[QueueItemView], begins: Mapping[UUID, Excerpt], zone: str) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Why": [[REASONS[reason][0] for reason in row.reasons] for row in rows],
            "Message": [text.upright(each.short) if (each := begins.get(row.message_id)) else None for row in rows],
            "Priority": [row.priority for row in rows],
            "Sent": user_list.times([row.message_at for row in rows], zone),
            "User": [row.user_id for row in rows],
            "Model": [row.model or None for row in rows],
            "App": [row.app or None for row in rows],
        }
    )
