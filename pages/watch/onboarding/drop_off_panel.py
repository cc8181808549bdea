"""The users who dropped off at a step of the funnel."""

from collections.abc import Sequence
from functools import partial

import streamlit as st

from core.activity.charts import duration_text, step_label
from core.activity.funnel_views import FunnelView
from core.database.paging import Page
from core.insights.queries import drop_offs
from core.insights.queries.drop_offs import StoppedUser, TimeMeasure, TimeRange
from core.presentation import formatting
from pages._ui import columns, dialogs, frame, links, tables, text, watch
from pages._ui.cache import Reads
from pages._ui.filters import filter_state
from pages._ui.filters.selection import Filters
from pages._ui.tables import TableColumn
from pages.watch.onboarding.funnel_editor import PAGE

STOPPED, MOST_PAGES = 10, 50
REACHED = "Reached"


def draw_chosen_step(
    reads: Reads, chosen: Filters, asked: tuple[object, ...], found: FunnelView
) -> None:
    """Draw who dropped off at the chosen step, or the users of a bar of a duration."""
    given = chosen["step"] or ""
    step = int(given) if given.isdecimal() and len(given) < 3 else 0
    if not 1 <= step <= len(found.steps):
        return
    within = TimeRange.of(chosen["took"], chosen["dropped_off_after"])
    # Another step, or other filters, begin at the first page
    at = f"{PAGE}.stopped.{hash((*asked, step, within))}"
    _draw_stopped(
        reads.ask(drop_offs.list_stopped, *asked, step, tables.window(at, STOPPED), within),
        at,
        _title(step_label(found.steps[step - 1]), within, is_last=step == len(found.steps)),
        chosen.period.zone,
        download=chosen.download("onboarding/stopped"),
    )


def _title(step: str, within: TimeRange | None, *, is_last: bool) -> str:
    if within is None:
        return f"{REACHED} {step}" if is_last else f"Dropped off at {step}"
    low, high = (duration_text(each) for each in (within.from_s, within.to_s))
    if within.measure is TimeMeasure.TO_LAST_EVENT:
        return f"Dropped off {low} to {high} after {step}"
    return f"{REACHED} {step} after {low} to {high}"


def _draw_stopped(
    found: Page[StoppedUser], at: str, title: str, zone: str, *, download: str
) -> None:
    note = (
        f"{formatting.count(found.total_count, 'user')} · most recent first · click a row for "
        "details"
    )
    with watch.panel(text.plain(title), note):
        if not found.total_count:
            none = "No users reached" if title.startswith(REACHED) else "No drop-offs at"
            st.caption(f"{none} this step in this period.")
            return
        tables.draw_page(
            found,
            _stopped_columns(zone),
            "user",
            name="drop_offs",
            at=at,
            on_open=dialogs.open_row,
            most=MOST_PAGES,
        )
        st.link_button("Export users (CSV)", download, icon=":material/download:", type="tertiary")
    dialogs.draw_opened(found.items, "User", partial(_draw_user, zone))


def _stopped_columns(zone: str) -> Sequence[TableColumn[StoppedUser]]:
    return [
        columns.text("User", _name_of),
        columns.text("Started", lambda row: formatting.moment(row.began_at, zone), width=105),
        columns.text(
            "Reached this step", lambda row: formatting.moment(row.reached_at, zone), width=120
        ),
        columns.text("Last seen", lambda row: formatting.moment(row.last_seen_at, zone), width=105),
        columns.text(
            "Last error",
            _error_of,
            width=300,
            help="The user's most recent error, which may be from before this step",
        ),
        columns.text(
            "Last conversation",
            lambda row: (
                formatting.moment(row.conversation_at, zone) if row.conversation_at else None
            ),
        ),
    ]


def _name_of(row: StoppedUser) -> str:
    return row.display_name or row.email or row.user or f"Anonymous ({row.session_id})"


def _error_of(row: StoppedUser) -> str:
    return " ".join(filter(None, (row.error_code or row.error_event_type, row.error_message)))


def _draw_user(zone: str, row: StoppedUser) -> None:
    frame.section(text.plain(_name_of(row)))
    frame.facts(
        {
            "Started": formatting.moment(row.began_at, zone),
            "Reached this step": formatting.moment(row.reached_at, zone),
            "Last seen": formatting.moment(row.last_seen_at, zone),
            "Email": row.email,
            "Last error": _error_of(row),
            "ID": row.user or row.session_id,
        }
    )
    _draw_ways_on(row)


def _draw_ways_on(row: StoppedUser) -> None:
    with st.container(horizontal=True, gap="medium"):
        if row.user_id is not None:
            place = {"environment": filter_state.value_of(PAGE, "environment")}
            links.draw("users", "Open journey", icon="route", user=str(row.user_id), **place)
        if row.conversation_id is not None:
            links.draw(
                "tuning", "Last conversation", icon="forum", conversation=str(row.conversation_id)
            )
        if row.error_code is not None:
            links.draw(
                "onboarding",
                f"All {row.error_code} errors",
                icon="error",
                view="errors",
                error_code=row.error_code,
                **filter_state.shared(),
            )
