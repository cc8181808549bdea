"""Messages waiting for review in a table, to read, approve or skip several at once."""

from collections.abc import Mapping, Sequence
from uuid import UUID

import streamlit as st

from core.annotations import settings
from core.annotations.queries import review_items
from core.annotations.review_session import SessionAction
from core.annotations.schemas import BulkAction, BulkBody, ItemState, QueueItemView, QueueReason
from core.annotations.service import review_outcomes
from core.database.db import Database, transaction
from core.database.paging import Window
from core.insights.queries.excerpts import Excerpt, read_excerpts
from core.presentation import formatting
from core.system import workspace
from pages._ui import columns, errors, guard, links, markdown, state, tables, text, watch
from pages._ui.tables import TableColumn
from pages.review.tuning.queue import queue_session

SHOWN = 50
LINE, LONGEST = 200, 6000  # characters of a message in the table, and below it
SHORT = 3  # messages that need no pane of their own
TABLE, ROWS, READ = "review.waiting", "review.waiting_rows", "review.read"
REASONS: dict[QueueReason, tuple[str, str, str]] = {
    QueueReason.ASKED_FOR: ("Requested", "blue", "Added to the queue by a teammate."),
    QueueReason.RATED_LOW: ("Rated low", "red", "The user gave a thumbs-down or a low rating."),
    QueueReason.SCORE: ("Score", "red", "A score matches a rule in Settings > Review."),
    QueueReason.EDITED: ("Edited", "orange", "The user edited the answer."),
    QueueReason.ERROR: ("Error", "red", "The answer, or a tool it called, failed."),
    QueueReason.ESCALATED: ("Escalated", "orange", "The conversation was escalated to a human."),
    QueueReason.SLOW: ("Slow", "orange", "Slower than the limit set in Settings > Review."),
    QueueReason.SAMPLE: ("Sample", "gray", "Randomly sampled."),
}


def draw() -> None:
    first, key = Window(SHOWN), f"{TABLE}.{state.get(TABLE, 0)}"
    # A selection is of places: while there is one, what others finish must not move the rows
    kept = state.get(ROWS, list[QueueItemView]()) if state.selected(key, "rows") else []
    with guard.work() as (core, actor), transaction(Database.AI) as ai:
        if not (rows := kept):
            # Not counted again: the counters of the queue have the number
            page = review_items.list_items(ai, ItemState.WAITING, first, actor=actor, count=False)
            rows = page.items
        begins = read_excerpts(core, [row.message_id for row in rows], longest=LINE, actor=actor)
    state.put(ROWS, rows)
    if not rows:
        return
    order = f"next {len(rows)} in order" if len(rows) == SHOWN else "in order"
    with watch.panel("Waiting for review", f"{order} · select rows to read, approve or skip them"):
        shown = _columns(begins, workspace.zone())
        chosen = tables.choose_many(
            rows, shown, formatting.count(len(rows), "message"), key=key, most=11
        )
        _draw_texts(chosen)
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            for label, action in (("Approve", BulkAction.APPROVE), ("Skip", BulkAction.SKIP)):
                said = f"{label} {len(chosen)}" if chosen else label
                st.button(
                    said,
                    key=f"review.{label}.many",
                    disabled=not chosen,
                    on_click=act,
                    args=(action, chosen, rows, key),
                )


def _draw_texts(chosen: Sequence[QueueItemView]) -> None:
    """Draw the selected messages, each with the question before it."""
    if not chosen:
        return
    # Each text is audited once in a tab, not in each run
    opened = {item.message_id for item in chosen} - state.get(READ, set[UUID]())
    with guard.work() as (core, actor):
        ids = [item.message_id for item in chosen]
        found = read_excerpts(core, ids, longest=LONGEST, actor=actor, opened=opened)
    state.put(READ, opened | state.get(READ, set()))
    with st.container(
        height="content" if len(chosen) <= SHORT else 420,
        border=True,
        gap="medium",
        key="review-texts",
    ):
        for item in chosen:
            _draw_text(item, found.get(item.message_id))


def _draw_text(item: QueueItemView, message: Excerpt | None) -> None:
    with st.container(gap="xsmall"):
        facts = [item.user_id, item.model, formatting.moment(item.message_at, workspace.zone())]
        st.caption(text.plain(text.one_line(" · ".join(filter(None, facts)))))
        if message is None:
            st.markdown("Message deleted.")
            return
        if message.question:
            st.caption(text.plain(f"Question: {text.one_line(message.question)[:300]}"))
        markdown.draw(message.content)
        if message.is_cut:
            st.caption(f"Showing {LONGEST:,} of {message.characters:,} characters")
            place = {"conversation": str(item.conversation_id), "message": str(item.message_id)}
            links.draw("tuning", "Open message", **place)


@errors.action
def act(
    action: BulkAction, chosen: Sequence[QueueItemView], rows: Sequence[QueueItemView], table: str
) -> None:
    """Approve or skip the messages whose text was shown and that are still selected."""
    selected = {rows[number].id for number in state.selected(table, "rows")}
    ids = [each.id for each in chosen if each.id in selected]
    if not ids:
        return
    body = BulkBody(action=action, ids=ids)
    with guard.work() as (core, actor), transaction(Database.AI) as ai:
        found = review_outcomes.act_on_many(ai, body, settings.read(core, actor=actor), actor=actor)
    done = [SessionAction(each) for each in chosen if each.id in found.done]
    state.put(queue_session.SESSION, queue_session.current().did(*done))
    state.put(TABLE, state.get(TABLE, 0) + 1)  # another table, in which nothing is selected
    verb = "approved" if action is BulkAction.APPROVE else "skipped"
    words = [f"{formatting.count(len(done), 'message')} {verb}"]
    if found.left:
        left = formatting.count(len(found.left), "message")
        words.append(f"{left} not changed: another reviewer has it, or it is done")
    state.toast(" · ".join(words))


def _columns(begins: Mapping[UUID, Excerpt], zone: str) -> Sequence[TableColumn[QueueItemView]]:
    why = st.column_config.MultiselectColumn(
        options=[name for name, _, _ in REASONS.values()],
        color=[colour for _, colour, _ in REASONS.values()],
        width=180,
    )
    return [
        TableColumn("Why", lambda row: [REASONS[reason][0] for reason in row.reasons], why),
        columns.text(
            "Message",
            lambda row: text.upright(each.short) if (each := begins.get(row.message_id)) else None,
            width=380,
        ),
        columns.bar("Priority", lambda row: row.priority, format="%d", most=100, width=120),
        columns.moment("Sent", lambda row: row.message_at, zone),
        columns.text("User", lambda row: row.user_id, width=160),
        columns.text("Model", lambda row: row.model, width=150),
        columns.text("App", lambda row: row.app, width=120),
    ]
