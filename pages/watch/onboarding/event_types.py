"""Event types over time, in a table, and one as a chart."""

from collections.abc import Callable, Sequence

import streamlit as st

from core.activity import charts as funnel_charts
from core.activity.schemas import EventTypeTrend
from core.presentation.chart_markers import ChartMarker
from pages._ui import charts, columns, tables, text, watch
from pages._ui.charts import Point
from pages._ui.filters import filter_state
from pages._ui.filters.selection import Filters
from pages._ui.tables import TableColumn
from pages.watch.onboarding.funnel_editor import PAGE

MOST_TYPES = 8


def draw_types(found: Sequence[EventTypeTrend], pick: Callable[[str], None]) -> None:
    """Draw event types with their counts over time."""
    each = funnel_charts.interval_of(found[0].starts)
    colour = charts.palette().bar
    shown: Sequence[TableColumn[EventTypeTrend]] = [
        columns.text("Type", lambda row: row.event_type),
        columns.number("Events", lambda row: row.events),
        columns.number("Errors", lambda row: row.errors),
        TableColumn(
            "Over time",
            lambda row: row.event_counts,
            st.column_config.BarChartColumn(f"By {each}", y_min=0, width="medium", color=colour),
        ),
    ]

    def open_(row: EventTypeTrend) -> None:
        pick(row.event_type)

    with watch.panel(
        "Event types",
        f"by {each}, individually scaled · click a row to filter",
    ):
        tables.draw(
            found, shown, "Event types", key=f"{PAGE}.types", most=MOST_TYPES, on_open=open_
        )


def draw_type(
    found: Sequence[EventTypeTrend],
    chosen: Filters,
    markers: Sequence[ChartMarker],
    pick: Callable[..., None],
) -> None:
    """Draw one event type over time, by default the most frequent; a click lists its events."""
    course = next((each for each in found if each.event_type == chosen["event_type"]), found[0])
    zone, each = chosen.period.zone, funnel_charts.interval_of(course.starts)

    def look(point: Point) -> None:
        # In a long period, a bar is several days
        span = funnel_charts.bar_span(course.starts, point.number, chosen.period.end)
        pick(event_type=course.event_type)
        filter_state.look_at(PAGE, *span)

    with watch.panel(text.plain(course.event_type), f"events by {each} · click a bar to list them"):
        charts.show(
            funnel_charts.events_over_time(charts.palette(), course, zone, markers),
            f"{PAGE}.type",
            on_pick=look,
        )
