"""A step of the paths: its most frequent events, which a click follows."""

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from core.activity.engagement_views import PathDirection, PathStep, PathsView
from core.activity.queries import name_lists
from core.activity.queries.engagement.path_rows import END
from core.presentation import formatting
from pages._ui import columns, state, tables, watch
from pages._ui.filters import filter_state
from pages._ui.tables import TableColumn
from pages.watch.engagement.user_links import PAGE

NO_EVENT = {PathDirection.AFTER: "No later event", PathDirection.BEFORE: "No earlier event"}
ORDINALS = ("1st", "2nd", "3rd")


@dataclass(frozen=True)
class PathChoice:
    """A row of a step: an event type, the end of the path (END), or None for all others."""

    name: str
    users: int
    share: float
    step: str | None


def draw(view: PathsView, step: PathStep, through: Sequence[str]) -> None:
    rows = _rows(view, step)
    followed = through[step.step - 1] if step.step <= len(through) else None
    ordinal = ORDINALS[step.step - 1]
    with watch.panel(f"{ordinal} event {view.direction}", formatting.count(step.users, "user")):
        if not rows:
            st.caption("The path ends before.")
            return

        def follow(row: PathChoice) -> None:
            if row.step is None:
                return
            if len(through) < step.step - 1:
                state.problem(f"Select the {ORDINALS[len(through)]} event first.")
                return
            steps = [*through[: step.step - 1], row.step]
            filter_state.put(PAGE, through=name_lists.written(steps))

        tables.draw(
            rows,
            _columns(followed),
            f"{ordinal} event",
            key=f"{PAGE}.step.{step.step}.{','.join(through)}",
            on_open=follow,
        )


def _rows(view: PathsView, step: PathStep) -> list[PathChoice]:
    named = [each for each in step.items if each.event_type is not None]
    rows = [
        PathChoice(each.event_type or "", each.users, each.share, each.event_type) for each in named
    ]
    if step.other_users:
        types = formatting.count(step.other_types, "other type")
        rows.append(PathChoice(types, step.other_users, step.other_users / step.users, None))
    rows += [
        PathChoice(NO_EVENT[view.direction], each.users, each.share, END)
        for each in step.items
        if each.event_type is None
    ]
    return rows


def _columns(followed: str | None) -> Sequence[TableColumn[PathChoice]]:
    def name(row: PathChoice) -> str:
        return f"› {row.name}" if followed is not None and row.step == followed else row.name

    return [
        columns.text("Event", name, width=185),
        columns.number("Users", lambda row: row.users, width=70),
        columns.bar("Share", lambda row: row.share * 100, format="%.0f%%", most=100, width=100),
    ]
