"""What waits, in a table: a selection of it is approved or skipped at once."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core import words
from core.annotations import queue, settings
from core.annotations.schemas import BulkAction, BulkBody, ItemState, QueueItemView, Reason
from core.db import Database, transaction
from core.paging import Window
from core.system import workspace
from pages._ui import errors, guard, state, tables, user_list, watch

SHOWN = 50
TABLE = "review.waiting"
REASONS: dict[Reason, tuple[str, str, str]] = {
    Reason.ASKED_FOR: ("Asked for", "blue", "Somebody put it here."),
    Reason.RATED_LOW: ("Rated low", "red", "The user gave it a thumb down or a low rating."),
    Reason.EDITED: ("Edited", "orange", "The user changed the answer before using it."),
    Reason.ERROR: ("Error", "red", "The answer failed, or something it asked for did."),
    Reason.ESCALATED: ("Handed to a person", "orange", "The conversation was handed to a person."),
    Reason.SLOW: ("Slow", "orange", "The user waited longer for it than for most."),
    Reason.SAMPLE: ("Sample", "gray", "Drawn at random, so that what looks well is looked at, too."),
}
column = st.column_config
COLUMNS = {
    "Why": column.MultiselectColumn(
        options=[name for name, _, _ in REASONS.values()], color=[colour for _, colour, _ in REASONS.values()], width=260
    ),
    "Priority": column.ProgressColumn(format="%d", min_value=0, max_value=100, width=120),
    "Said": column.DatetimeColumn(format="D MMM YYYY HH:mm", width=140),
    "User": column.TextColumn(width=160),
    "Model": column.TextColumn(width=150),
    "App": column.TextColumn(width=120),
}


def draw() -> None:
    """Draw the table, and what can be done with what is selected in it."""
    with guard.work() as (_, actor), transaction(Database.AI) as ai:
        rows = queue.list_items(ai, ItemState.WAITING, Window(SHOWN), actor=actor, count=False).items
    if not rows:
        return
    key = f"{TABLE}.{state.get(TABLE, 0)}"
    with watch.panel("What waits", f"the first {len(rows)}, as they are lent" if len(rows) == SHOWN else "as it is lent"):
        table = _table(rows, workspace.zone())
        alt = words.count(len(rows), "message")
        shown = {"hide_index": True, "row_height": tables.ROW_PX, "placeholder": "–", "column_config": COLUMNS, "alt": alt}
        st.dataframe(table, key=key, on_select="rerun", selection_mode="multi-row", height=420, **shown)  # type: ignore[call-overload]  # one set of options
        chosen = [rows[number] for number in state.selected(key) if number < len(rows)]
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            for label, action in (("Approve", BulkAction.APPROVE), ("Skip", BulkAction.SKIP)):
                said = f"{label} {len(chosen)}" if chosen else label
                st.button(said, key=f"review.{label}.many", disabled=not chosen, on_click=act, args=(action, chosen))
            if not chosen:
                st.caption("Select some to approve or skip them at once.", width="content")


@errors.action
def act(action: BulkAction, chosen: Sequence[QueueItemView]) -> None:
    """Approve or skip a selection."""
    body = BulkBody(action=action, ids=[each.id for each in chosen])
    with guard.work() as (core, actor), transaction(Database.AI) as ai:
        found = queue.act_on_many(ai, body, settings.read(core, actor=actor), actor=actor)
    state.put(TABLE, state.get(TABLE, 0) + 1)  # another table, in which nothing is selected
    left = f"; {words.count(len(found.left), 'message')} left, which others have" if found.left else ""
    done = "approved" if action is BulkAction.APPROVE else "skipped"
    state.toast(f"{words.count(len(found.done), 'message')} {done}{left}")


def _table(rows: Sequence[QueueItemView], zone: str) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Why": [[REASONS[reason][0] for reason in row.reasons] for row in rows],
            "Priority": [row.priority for row in rows],
            "Said": user_list.times([row.message_at for row in rows], zone),
            "User": [row.user_id for row in rows],
            "Model": [row.model or None for row in rows],
            "App": [row.app or None for row in rows],
        }
    )
