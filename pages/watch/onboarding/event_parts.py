"""Parts of the Onboarding page: errors with their samples, every type of event by day, and the events themselves."""

import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import pandas as pd
import streamlit as st

from core.activity import charts as funnel_charts
from core.activity.answers import ErrorGroup, EventView
from core.activity.schemas import TypeCourse
from core.database.paging import Cursor, Page
from core.presentation import words
from core.presentation.plotting import Mark
from pages._ui import charts, links, state, tables, text, watch

column = st.column_config
MOST_ROWS = 8
Pick = Callable[[str], None]


def draw_errors(found: Page[ErrorGroup], page: str, zone: str, chosen: str | None, pick: Pick) -> None:
    """Draw errors by code, and beside them samples of the chosen one."""
    groups = found.items
    if not groups:
        with watch.panel("Errors"):
            st.caption("No errors in this period.")
        return
    grid = st.grid(3, min_column_width=300, gap=("small", "medium"))
    with grid.cell(column_span=2):
        _draw_codes(groups, page, zone, pick)
    with grid.cell():
        code = "" if chosen == words.NONE else chosen
        _draw_samples(next((group for group in groups if group.error_code == code), groups[0]), zone)


def _draw_codes(groups: Sequence[ErrorGroup], page: str, zone: str, pick: Pick) -> None:
    with watch.panel("Errors", "by code · select a row for samples"):
        table = pd.DataFrame(
            {
                "Code": [group.error_code or "no code" for group in groups],
                "Event": [", ".join(words.event(each) for each in group.event_types) for group in groups],
                "Users": [group.users for group in groups],
                "Recovered": [group.later_share * 100 if group.later_share is not None else None for group in groups],
                "Errors": [group.count for group in groups],
                "Share": [group.share * 100 for group in groups],
                "Last": [words.moment(group.last_at, zone) for group in groups],
            }
        )
        columns = {
            "Users": column.NumberColumn(format="localized"),
            "Errors": column.NumberColumn(format="localized"),
            "Recovered": column.NumberColumn(format="%.0f%%", help="Share of affected users who later completed the failed step"),
            "Share": column.ProgressColumn("Share of errors", format="%.0f%%", min_value=0, max_value=100, width="small"),
        }

        def picked(number: int) -> None:
            pick(groups[number].error_code or words.NONE)

        tables.show(table, "Errors by code", key=f"{page}.errors", columns=columns, most=MOST_ROWS, on_pick=picked)


def _draw_samples(group: ErrorGroup, zone: str) -> None:
    with watch.panel("Samples", text.plain(group.error_code or "no code")), st.container(border=True, gap="small"):
        for sample in group.samples:
            who = sample.user or "anonymous session"
            with st.container(gap=None):
                st.markdown(f"**{text.plain(who)}**\u2002:gray[:small[{words.moment(sample.created_at, zone)}]]")
                st.code(sample.error_message or sample.event_type, language=None, wrap_lines=True)
                if sample.user_id is not None:
                    links.draw("users", f"Open journey of {who}", icon="route", user=str(sample.user_id))


def draw_types(found: Sequence[TypeCourse], page: str, pick: Pick) -> None:
    """Draw every type of event with its days, or the hours of a single one."""
    each = funnel_charts.interval_of(found[0].starts)
    table = pd.DataFrame(
        {
            "Type": [course.event_type for course in found],
            "Events": [course.events for course in found],
            "Errors": [course.errors for course in found],
            "Over time": [course.event_counts for course in found],
        }
    )
    columns = {
        "Events": column.NumberColumn(format="localized"),
        "Errors": column.NumberColumn(format="localized"),
        "Over time": column.BarChartColumn(f"By {each}", y_min=0, width="medium", color=charts.palette().bar),
    }

    def picked(number: int) -> None:
        pick(found[number].event_type)

    with watch.panel("Event types", f"{'hourly' if each == 'hour' else 'daily'}, individually scaled · select a row to filter"):
        tables.show(table, "Event types", key=f"{page}.types", columns=columns, most=MOST_ROWS, on_pick=picked)


def draw_type(found: Sequence[TypeCourse], chosen: str | None, page: str, zone: str, marks: Sequence[Mark]) -> None:
    """Draw one type of event over time, the most frequent if none is chosen."""
    course = next((each for each in found if each.event_type == chosen), found[0])
    with watch.panel(text.plain(course.event_type), f"events by {funnel_charts.interval_of(course.starts)}"):
        charts.show(funnel_charts.events_over_time(charts.palette(), course, zone, marks), f"{page}.type")


def draw_choices(page: str, types: Sequence[str], codes: Sequence[str], download: str) -> None:
    """Draw which events are shown, and the file of all of them."""
    offered: dict[str, tuple[str, Sequence[str], dict[str, str]]] = {
        "event_type": ("Event type", types, {"": "All types"}),
        "error_code": ("Error code", codes, {"": "Any error code", words.NONE: "No code"}),
        "only_errors": ("Errors", ["true"], {"": "All events", "true": "Errors only"}),
    }
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        for name, (label, found, named) in offered.items():
            key = f"{page}.{name}"
            st.selectbox(
                label,
                list(dict.fromkeys(["", *found, state.get(key, "")])),
                key=key,
                format_func=partial(_said, named),
                label_visibility="collapsed",
                width=230,
                on_change=state.forget,
                args=(f"{page}.trail",),
            )
        st.link_button(
            "Export events (CSV)", download, icon=":material/download:", help="Download all events that match the filters"
        )


def draw_events(rows: Sequence[EventView], page: str, zone: str, per_page: int) -> None:
    """Draw a page of events, with the ways to newer and older ones."""
    table = pd.DataFrame(
        {
            "Time": [row.created_at for row in rows],
            "Type": [row.event_type for row in rows],
            "User": [row.user or "" for row in rows],
            "Session": [row.session_id or "" for row in rows],
            "Error": [" ".join(filter(None, (row.error_code, row.error_message))) for row in rows],
            "App": [row.app for row in rows],
            "Release": [row.release for row in rows],
            "Data": [json.dumps(row.event_data, ensure_ascii=False) if row.event_data else "" for row in rows],
        }
    )
    # What no row has would only take the room of what they say.
    table = table.drop(columns=[name for name in ("App", "Data", "Error", "Release") if not table[name].any()])
    table["Time"] = pd.to_datetime(table["Time"], utc=True).dt.tz_convert(zone)
    trail: list[str] = state.get(f"{page}.trail", [])
    columns = {
        "Time": column.DatetimeColumn(format="D MMM HH:mm:ss", width=130),
        "Error": column.TextColumn(width=220),
        "Data": column.TextColumn(width=260),
    }
    # Each page of events has a key of its own: a selection must not pass to the rows of another.
    picked = tables.choose(table, words.count(len(rows), "event"), key=f"{page}.events.{len(trail)}", columns=columns)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("Newer", icon=":material/arrow_back:", disabled=not trail, on_click=_newer, args=(page, trail))
        if rows:
            last = str(Cursor(rows[-1].created_at, rows[-1].id))
            st.button(
                "Older", icon=":material/arrow_forward:", disabled=len(rows) < per_page, on_click=_older, args=(page, trail, last)
            )
        if picked is not None and rows[picked].user_id is not None:
            links.draw("users", f"Open journey of {rows[picked].user}", icon="route", user=str(rows[picked].user_id))


def _said(named: Mapping[str, str], each: str) -> str:
    return named.get(each, each)


def _newer(page: str, trail: list[str]) -> None:
    state.put(f"{page}.trail", trail[:-1])


def _older(page: str, trail: list[str], last: str) -> None:
    state.put(f"{page}.trail", [*trail, last])
