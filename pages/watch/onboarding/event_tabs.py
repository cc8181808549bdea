"""Errors by code, and events of all types."""

from collections.abc import Sequence

import streamlit as st

from core.activity.queries import events
from core.activity.queries.errors import error_codes
from core.activity.queries.events import EventFilter
from core.activity.schemas import EventTypeTrend
from core.activity.views import ErrorGroup
from core.database.paging import Window
from core.presentation import formatting
from pages._ui import errors, watch
from pages._ui.cache import Reads
from pages._ui.filters import filter_state
from pages._ui.filters.selection import Filters
from pages.watch.onboarding import error_groups, event_list, event_types
from pages.watch.onboarding.funnel_editor import PAGE

ERRORS = 50


def draw_errors_view(reads: Reads, chosen: Filters) -> bool:
    """Draw errors by code, and samples of the selected one; its list can always be exported."""
    draw_errors(reads, chosen)
    return True


@errors.part("Errors")
def draw_errors(reads: Reads, chosen: Filters) -> None:
    def pick_code(code: str) -> None:
        # Most events have no code: of those only the errors are meant.
        no_code = {"only_errors": "true"} if code == formatting.NONE else {}
        filter_state.put(PAGE, error_code=code, **no_code)

    watch.say_what_is_left("events", "user_activity_events", reads, chosen)
    error_groups.draw(
        read_errors(reads, chosen), chosen.period.zone, chosen["error_code"], pick_code
    )


def draw_events_view(reads: Reads, chosen: Filters) -> bool:
    """Draw event types over time and the events; return False when there are none to export."""
    types = reads.ask(events.event_type_trends, chosen.period, chosen.watched)
    if not types:
        watch.nothing_here(PAGE, "events", reads, chosen)
        return False
    draw_types(reads, chosen, types)
    draw_list(reads, chosen, types)
    return True


@errors.part("Event types")
def draw_types(reads: Reads, chosen: Filters, types: Sequence[EventTypeTrend]) -> None:
    def pick(**values: str) -> None:
        filter_state.put(PAGE, **values)

    grid = st.grid(2, min_column_width=300, gap=("small", "medium"))
    with grid.cell():
        event_types.draw_types(types, lambda name: pick(event_type=name))
    with grid.cell():
        event_types.draw_type(types, chosen, watch.markers(reads, chosen), pick)


@errors.part("Events")
def draw_list(reads: Reads, chosen: Filters, types: Sequence[EventTypeTrend]) -> None:
    codes = [group.error_code for group in read_errors(reads, chosen) if group.error_code]
    event_list.draw(reads, chosen, [course.event_type for course in types], codes)


def read_errors(reads: Reads, chosen: Filters) -> Sequence[ErrorGroup]:
    window = Window(ERRORS)
    return reads.ask(
        error_codes.list_errors, EventFilter(), chosen.period, chosen.watched, window=window
    ).items
