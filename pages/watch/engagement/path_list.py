"""Paths: the most frequent next events per step, which a click follows."""

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from core.activity.engagement_views import PathDirection, PathStep, PathsView
from core.activity.queries import event_trends, name_lists
from core.activity.queries.engagement import paths
from core.activity.queries.engagement.path_rows import END, PathQuery
from core.activity.queries.user_filter import PathTaken
from core.presentation import formatting
from pages._ui import columns, errors, links, state, tables, text, watch
from pages._ui.cache import Reads
from pages._ui.filters import filter_state
from pages._ui.filters.selection import Filters
from pages._ui.tables import TableColumn
from pages.watch.engagement import user_links
from pages.watch.engagement.user_links import PAGE

DIRECTIONS = {"": "After", PathDirection.BEFORE.value: "Before"}
NO_EVENT = {PathDirection.AFTER: "No later event", PathDirection.BEFORE: "No earlier event"}
ORDINALS = ("1st", "2nd", "3rd")


@dataclass(frozen=True)
class PathChoice:
    """A row of a step: an event type, the end of the path (END), or None for all others."""

    name: str
    users: int
    share: float
    step: str | None


def draw_choices(reads: Reads) -> None:
    """Draw the direction and the event type that paths begin with."""
    st.segmented_control(
        "Direction",
        list(DIRECTIONS),
        required=True,
        key=f"{PAGE}.direction",
        format_func=lambda each: DIRECTIONS[each],
        label_visibility="collapsed",
        on_change=_leave,
    )
    types = reads.ask(paths.list_path_types)
    value = state.get(f"{PAGE}.event", "")
    st.selectbox(
        "Event",
        # With the value of the address: Streamlit replaces one that is not offered.
        list(dict.fromkeys(["", *types, value])),
        key=f"{PAGE}.event",
        format_func=lambda each: each or "Most frequent event",
        label_visibility="collapsed",
        width=260,
        on_change=_leave,
    )


@errors.part("Paths")
def draw(reads: Reads, chosen: Filters) -> None:
    event = chosen["event"] or _most_frequent(reads, chosen)
    if event is None:
        watch.nothing_here(PAGE, "events", reads, chosen)
        return
    direction = chosen.one_of(PathDirection, "direction") or PathDirection.AFTER
    through = name_lists.parse(chosen["through"] or "")
    view = reads.ask(
        paths.read_paths, chosen.period, chosen.watched, event, direction, tuple(through)
    )
    with watch.panel(text.plain(f"{direction.capitalize()} {event}"), _note(view)):
        _draw_path(chosen, view)
        if view.users:
            grid = st.grid(len(view.steps), min_column_width=300, gap=("small", "medium"))
            for step in view.steps:
                with grid.cell():
                    _draw_step(view, step, through)
        else:
            st.caption(text.plain(f"No users with {event} in this period."))


def exported(reads: Reads, chosen: Filters) -> dict[str, str] | None:
    """Return the event type whose paths are drawn, which the API does not choose by itself."""
    event = chosen["event"] or _most_frequent(reads, chosen)
    return {"event": event} if event is not None else None


def _most_frequent(reads: Reads, chosen: Filters) -> str | None:
    types = set(reads.ask(paths.list_path_types))
    found = reads.ask(event_trends.event_type_trends, chosen.period, chosen.watched)
    return next((each.event_type for each in found if each.event_type in types), None)


def _note(view: PathsView) -> str:
    users = formatting.count(view.users, "user")
    sample = (
        f" · estimated from a random sample of {view.sampled_users:,}" if view.is_sampled else ""
    )
    return f"{users}, from the first one in the period{sample} · click an event to follow it"


def _draw_path(chosen: Filters, view: PathsView) -> None:
    """Draw what is followed, the way to its users, and the way back."""
    ended = NO_EVENT[view.direction].lower()
    steps = [ended if each == END else each for each in view.through]
    asked = PathQuery(view.event_type, view.direction, view.start, view.end)
    path = str(PathTaken(asked, tuple(view.through)))
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if steps:
            arrow = " → " if view.direction is PathDirection.AFTER else " ← "
            st.markdown(text.plain(arrow.join([view.event_type, *steps])), width="content")
        query = user_links.query(chosen, path=path)
        users = "Open users of the sample" if view.is_sampled else "Open users"
        links.draw("users", users, icon="group", **query)
        links.draw("users", "Anonymous sessions", icon="person_off", anonymous="true", **query)
        if steps:
            st.button("Reset path", icon=":material/close:", type="tertiary", on_click=_leave)


def _draw_step(view: PathsView, step: PathStep, through: Sequence[str]) -> None:
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


def _leave() -> None:
    """Follow no path, from a callback."""
    filter_state.put(PAGE, through="")
