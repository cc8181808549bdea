"""Errors by code, with samples."""

from collections.abc import Callable, Sequence

import streamlit as st

from core.activity.views import ErrorGroup
from core.presentation import formatting
from pages._ui import columns, links, tables, text, watch
from pages._ui.filters import filter_state
from pages._ui.tables import TableColumn
from pages.watch.onboarding.funnel_editor import PAGE

MOST_CODES = 14
Pick = Callable[[str], None]


def draw(groups: Sequence[ErrorGroup], zone: str, chosen: str | None, pick: Pick) -> None:
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
