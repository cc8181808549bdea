"""Paths: the most frequent next events per step, which a click follows."""

import streamlit as st

from core.activity.engagement_views import PathDirection, PathsView
from core.activity.queries import events, name_lists
from core.activity.queries.engagement import paths
from core.activity.queries.engagement.path_rows import END, PathQuery
from core.activity.queries.user_filter import PathTaken
from core.presentation import formatting
from pages._ui import errors, links, state, text, watch
from pages._ui.cache import Reads
from pages._ui.filters import filter_state
from pages._ui.filters.selection import Filters
from pages.watch.engagement import path_step, user_links
from pages.watch.engagement.user_links import PAGE

DIRECTIONS = {"": "After", PathDirection.BEFORE.value: "Before"}


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
                    path_step.draw(view, step, through)
        else:
            st.caption(text.plain(f"No users with {event} in this period."))


def exported(reads: Reads, chosen: Filters) -> dict[str, str] | None:
    """Return the event type whose paths are drawn, which the API does not choose by itself."""
    event = chosen["event"] or _most_frequent(reads, chosen)
    return {"event": event} if event is not None else None


def _most_frequent(reads: Reads, chosen: Filters) -> str | None:
    types = set(reads.ask(paths.list_path_types))
    found = reads.ask(events.event_type_trends, chosen.period, chosen.watched)
    return next((each.event_type for each in found if each.event_type in types), None)


def _note(view: PathsView) -> str:
    users = formatting.count(view.users, "user")
    sample = (
        f" · estimated from a random sample of {view.sampled_users:,}" if view.is_sampled else ""
    )
    return f"{users}, from the first one in the period{sample} · click an event to follow it"


def _draw_path(chosen: Filters, view: PathsView) -> None:
    """Draw what is followed, the way to its users, and the way back."""
    ended = path_step.NO_EVENT[view.direction].lower()
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


def _leave() -> None:
    """Follow no path, from a callback."""
    filter_state.put(PAGE, through="")
