"""Errors by code with samples, and event types over time."""

from collections.abc import Callable, Sequence

import streamlit as st

from core.activity import charts as funnel_charts
from core.activity.schemas import EventTypeTrend
from core.activity.views import ErrorGroup
from core.presentation import formatting
from core.presentation.chart_markers import ChartMarker
from pages._ui import charts, columns, links, tables, text, watch
from pages._ui.charts import Point
from pages._ui.filters import filter_state
from pages._ui.filters.selection import Filters
from pages._ui.tables import TableColumn
from pages.watch.onboarding.funnel_editor import PAGE

MOST_CODES, MOST_TYPES = 14, 8
Pick = Callable[[str], None]


def draw_errors(groups: Sequence[ErrorGroup], zone: str, chosen: str | None, pick: Pick) -> None:
    """Draw errors by code with samples of the selected one."""
    if not groups:
        with watch.panel("Errors"):
            st.caption("No errors in this period.")
        return
    grid = st.grid(3, min_column_width=300, gap=("small", "medium"))
    with grid.cell(column_span=2):
        _draw_codes(groups, zone, pick)
    with grid.cell():
        code = "" if chosen == formatting.NONE else chosen
        _draw_samples(
            next((group for group in groups if group.error_code == code), groups[0]), zone
        )


def _draw_codes(groups: Sequence[ErrorGroup], zone: str, pick: Pick) -> None:
    shown: Sequence[TableColumn[ErrorGroup]] = [
        columns.text("Code", lambda row: row.error_code or "no code"),
        columns.text(
            "Event", lambda row: ", ".join(formatting.event(each) for each in row.event_types)
        ),
        columns.number("Users", lambda row: row.users),
        columns.percent(
            "Recovered",
            lambda row: row.later_share,
            format="%.0f%%",
            help="Share of affected users who later completed the failed step",
        ),
        columns.number("Errors", lambda row: row.count),
        columns.bar(
            "Share of errors", lambda row: row.share * 100, format="%.0f%%", most=100, width=100
        ),
        columns.text("Last", lambda row: formatting.moment(row.last_at, zone)),
    ]

    def open_(row: ErrorGroup) -> None:
        pick(row.error_code or formatting.NONE)

    with watch.panel("Errors", "by code · click a row for samples"):
        tables.draw(
            groups, shown, "Errors by code", key=f"{PAGE}.errors", most=MOST_CODES, on_open=open_
        )


def _draw_samples(group: ErrorGroup, zone: str) -> None:
    with (
        watch.panel("Samples", text.plain(group.error_code or "no code")),
        st.container(border=True, gap="small"),
    ):
        st.button(
            f"Show {formatting.count(group.count, 'event')}",
            key=f"{PAGE}.show_events",
            icon=":material/arrow_forward:",
            type="tertiary",
            on_click=_show_events,
            args=(group,),
        )
        for sample in group.samples:
            who = sample.user or "anonymous session"
            with st.container(gap=None):
                at = formatting.moment(sample.created_at, zone)
                st.markdown(f"**{text.plain(who)}**\u2002:gray[:small[{at}]]")
                st.code(sample.error_message or sample.event_type, language=None, wrap_lines=True)
                if sample.user_id is not None:
                    place = {
                        "user": str(sample.user_id),
                        "environment": filter_state.value_of(PAGE, "environment"),
                    }
                    links.draw("users", f"Open journey of {who}", icon="route", **place)


def _show_events(group: ErrorGroup) -> None:
    """List the events of an error code."""
    filter_state.put(
        PAGE,
        view="events",
        event_type="",
        error_code=group.error_code or formatting.NONE,
        only_errors="true",
    )


def draw_types(found: Sequence[EventTypeTrend], pick: Pick) -> None:
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
