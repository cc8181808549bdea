"""Parts of the Onboarding page: the funnel, alone or beside another, its figures, and who stopped at a step."""

from collections.abc import Callable

import pandas as pd
import streamlit as st

from core.activity import charts as funnel_charts
from core.activity.answers import FunnelComparison, FunnelView
from core.activity.charts import short, took
from core.activity.funnels.conversion import in_words
from core.activity.funnels.funnel_comparison import points
from core.database.paging import Page
from core.insights.stopped_users import StoppedUser
from core.presentation import words
from core.presentation.comparison import ChangeVerdict
from core.presentation.periods import DAY
from pages._ui import charts, links, state, tables, text, watch

column = st.column_config
MOST_PAGES = 50
VERDICTS = {
    ChangeVerdict.WORSE: "worse",
    ChangeVerdict.BETTER: "better",
    ChangeVerdict.NOISE: "not significant",
    ChangeVerdict.DIFFERENT: "different",
    ChangeVerdict.UNKNOWN: "not enough users",
}
Pick = Callable[[int], None]


def draw_funnel(funnel: FunnelView, versus: FunnelComparison | None, page: str, pick: Pick) -> None:
    """Draw the funnel; a click on a bar chooses its step."""
    chart = (
        funnel_charts.compared(charts.palette(), versus) if versus is not None else funnel_charts.funnel(charts.palette(), funnel)
    )
    with st.container(border=True):
        charts.show(chart, f"{page}.funnel.{versus is not None}", on_pick=lambda point: pick(round(float(point.x)) + 1))
    if versus is not None:
        st.caption(text.plain(f"{versus.name} vs. {versus.other_name}{_how(funnel, versus)} · {versus.says}"))


def _how(funnel: FunnelView, versus: FunnelComparison) -> str:
    """Say what was left out for all to have had the same time."""
    parts = []
    if versus.one.end < funnel.end:
        parts.append(f", excluding the last {words.count(-((versus.one.end - funnel.end) // DAY), 'day')}")
    if versus.one.window_days != funnel.window_days:
        parts.append(f", {versus.one.window_days}-day conversion window")
    return "".join(parts)


def draw_figures(funnel: FunnelView, versus: FunnelComparison | None, page: str, pick: Pick) -> None:
    """Draw the same in figures, with intervals; a row that is selected chooses its step."""
    steps = (funnel if versus is None else versus.one).steps  # those beside it are of the same window
    table = {
        "Step": [f"{step.step}  {short(step)}" + (" (optional)" if step.is_optional else "") for step in steps],
        "Users": [step.users for step in steps],
        "From start": [
            in_words(step.conversion_from_start, step.interval, step.users) if step.step > 1 else "" for step in steps
        ],
        "From previous step": [
            in_words(step.conversion_from_previous, step.interval_from_previous, step.users) if step.step > 1 else ""
            for step in steps
        ],
        "Median time": [took(step.median_seconds_from_previous) if step.step > 1 else "" for step in steps],
        "p90 time": [took(step.p90_seconds_from_previous) if step.step > 1 else "" for step in steps],
    }
    if versus is not None:
        others = versus.other.steps
        table |= {
            f"{versus.other_name}: users": [step.users for step in others],
            "Change from previous step": [_difference(versus, number) for number in range(len(steps))],
        }
    tables.show(
        pd.DataFrame(table),
        f"{len(steps)} funnel steps",
        key=f"{page}.figures.{versus is not None}",
        columns={
            "Users": column.NumberColumn(format="localized"),
            "From start": column.TextColumn(help="95% interval (Wilson)"),
            "From previous step": column.TextColumn(help="Conversion from the previous required step, 95% interval (Wilson)"),
        },
        on_pick=lambda number: pick(number + 1),
        on_drop=lambda: pick(0),
    )


def draw_stopped(
    found: Page[StoppedUser], step: str, page: str, zone: str, *, is_last: bool, per_page: int, download: str
) -> None:
    """Draw who stopped at a step, a page of them."""
    title = f"Reached {step}" if is_last else f"Dropped off at {step}"
    note = f"{words.count(found.total_count, 'user')} · most recent first · select a row for details"
    with watch.panel(text.plain(title), note):
        if not found.items:
            st.caption("No drop-offs at this step in this period.")
            return
        rows = found.items
        table = pd.DataFrame(
            {
                "User": [row.display_name or row.email or row.user or f"Anonymous ({row.session_id})" for row in rows],
                "Started": [words.moment(row.began_at, zone) for row in rows],
                "Reached this step": [words.moment(row.reached_at, zone) for row in rows],
                "Last seen": [words.moment(row.last_seen_at, zone) for row in rows],
                "Last error": [
                    " ".join(filter(None, (row.error_code or row.error_event_type, row.error_message))) for row in rows
                ],
                "Last conversation": [words.moment(row.conversation_at, zone) if row.conversation_at else "" for row in rows],
            }
        )
        # A selection must not pass to the rows of another page.
        key = f"{page}.stopped.{step}.{state.get(f'{page}.stopped.page', 1)}"
        picked = tables.choose(table, f"{len(rows)} of {found.total_count:,} users: {title}", key=key)
        if picked is not None:
            _draw_ways_on(rows[picked])
        with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
            tables.draw_pages(found.total_count, per_page, f"{page}.stopped", most=MOST_PAGES)
            st.link_button("Export users (CSV)", download, icon=":material/download:", type="tertiary")


def _draw_ways_on(row: StoppedUser) -> None:
    with st.container(horizontal=True, gap="medium"):
        if row.user_id is not None:
            links.draw("users", "Open journey", icon="route", user=str(row.user_id))
        if row.conversation_id is not None:
            links.draw("tuning", "Last conversation", icon="forum", conversation=str(row.conversation_id))
        if row.error_code is not None:
            links.draw("onboarding", f"All {row.error_code} errors", icon="error", error_code=row.error_code)


def _difference(versus: FunnelComparison, number: int) -> str:
    given = versus.steps[number].from_previous
    if number == 0:
        return ""
    is_early = given.verdict is ChangeVerdict.UNKNOWN and given.low is not None
    return f"{points(given)}, {'too early to compare' if is_early else VERDICTS[given.verdict]}"
