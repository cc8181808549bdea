"""Events that match the filters, newest first, in pages of a keyset."""

import json
from collections.abc import Mapping, Sequence
from functools import partial

import streamlit as st

from core.activity.queries import events
from core.activity.queries.events import EventFilter
from core.activity.views import EventView
from core.database.paging import Cursor
from core.presentation import formatting
from pages._ui import columns, dialogs, frame, links, state, tables, text, watch
from pages._ui.cache import Reads
from pages._ui.filters.selection import Filters
from pages._ui.tables import TableColumn
from pages.watch.onboarding.funnel_editor import PAGE

PER_PAGE, TRAIL = 12, f"{PAGE}.trail"


def draw(reads: Reads, chosen: Filters, types: Sequence[str], codes: Sequence[str]) -> None:
    """Draw a page of events with its own filters."""
    only = EventFilter(
        event_type=chosen["event_type"],
        error_code=chosen["error_code"],
        only_errors=chosen["only_errors"] == "true",
    )
    asked = (only, chosen.period, chosen.watched)
    # A place in the list of other filters would begin in the middle of this one, or past its end
    trail = _trail_of(asked)
    rows = reads.ask(
        events.list_events,
        *asked,
        limit=PER_PAGE,
        after=Cursor.read(trail[-1]) if trail else None,
    )
    with watch.panel("Events", "newest first · click a row for details"):
        _draw_choices(types, codes)
        _draw_rows(rows, chosen.period.zone, asked, trail)


def _trail_of(asked: tuple[object, ...]) -> list[str]:
    """Return the cursors of the pages before; under other filters, the list begins anew."""
    known: tuple[tuple[object, ...], list[str]] = state.get(TRAIL, ((), []))
    return known[1] if known[0] == asked else []


def _draw_choices(types: Sequence[str], codes: Sequence[str]) -> None:
    offered: dict[str, tuple[str, Sequence[str], dict[str, str]]] = {
        "event_type": ("Event type", types, {"": "All types"}),
        "error_code": ("Error code", codes, {"": "Any error code", formatting.NONE: "No code"}),
        "only_errors": ("Errors", ["true"], {"": "All events", "true": "Errors only"}),
    }
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        for name, (label, found, named) in offered.items():
            key = f"{PAGE}.{name}"
            st.selectbox(
                label,
                # With the value of the address: Streamlit replaces one that is not offered.
                list(dict.fromkeys(["", *found, state.get(key, "")])),
                key=key,
                format_func=partial(_named, named),
                label_visibility="collapsed",
                width=230,
            )


def _draw_rows(
    rows: Sequence[EventView], zone: str, asked: tuple[object, ...], trail: list[str]
) -> None:
    shown: Sequence[TableColumn[EventView]] = [
        columns.moment(
            "Time", lambda row: row.created_at, zone, format="D MMM HH:mm:ss", width=130
        ),
        columns.text("Type", lambda row: row.event_type),
        columns.text("User", lambda row: row.user),
        columns.text("Session", lambda row: row.session_id),
        columns.text("Error", _error_of, width=220, is_optional=True),
        columns.text("App", lambda row: row.app, is_optional=True),
        columns.text("Release", lambda row: row.release, is_optional=True),
        columns.text("Data", _data_of, width=260, is_optional=True),
    ]
    tables.draw(
        rows,
        shown,
        formatting.count(len(rows), "event"),
        key=f"{PAGE}.events.{len(trail)}",
        on_open=dialogs.open_row,
    )
    dialogs.draw_opened(rows, "Event", partial(_draw_event, zone), dialogs.no_read)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Newer",
            icon=":material/arrow_back:",
            disabled=not trail,
            on_click=state.put,
            args=(TRAIL, (asked, trail[:-1])),
        )
        if rows:
            last = str(Cursor(rows[-1].created_at, rows[-1].id))
            st.button(
                "Older",
                icon=":material/arrow_forward:",
                disabled=len(rows) < PER_PAGE,
                on_click=state.put,
                args=(TRAIL, (asked, [*trail, last])),
            )


def _error_of(row: EventView) -> str:
    return " ".join(filter(None, (row.error_code, row.error_message)))


def _data_of(row: EventView) -> str:
    return json.dumps(row.event_data, ensure_ascii=False) if row.event_data else ""


def _draw_event(zone: str, row: EventView) -> None:
    frame.section(text.plain(row.event_type), formatting.moment(row.created_at, zone))
    frame.facts(
        {
            "User": row.user,
            "Session": row.session_id,
            "Error": _error_of(row),
            "App": row.app,
            "Release": row.release,
        }
    )
    if row.event_data:
        st.code(
            json.dumps(row.event_data, ensure_ascii=False, indent=2),
            language="json",
            wrap_lines=True,
        )
    if row.user_id is not None:
        place = {"user": str(row.user_id), "environment": row.environment}
        links.draw("users", "Open journey", icon="route", **place)


def _named(named: Mapping[str, str], each: str) -> str:
    return named.get(each, each)
