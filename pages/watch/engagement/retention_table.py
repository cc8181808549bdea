"""Retention by first week as a triangle of coloured cells."""

import pandas as pd
import streamlit as st

from core.activity.engagement_views import RetentionRow, RetentionView
from core.activity.queries.engagement.retention import read_retention
from core.presentation import formatting
from core.presentation.palette import Palette
from core.presentation.periods import DAY, WEEK_DAYS
from pages._ui import charts, errors, tables, watch
from pages._ui.cache import Reads
from pages._ui.filters import filter_state
from pages._ui.filters.selection import Filters
from pages.watch.engagement import user_links
from pages.watch.engagement.user_links import PAGE

COHORT, USERS, ALL = "First week", "Users", "All cohorts"
FEW_WEEKS, MORE_DAYS = 5, "90"


@errors.part("Retention")
def draw(reads: Reads, chosen: Filters) -> None:
    view = reads.ask(read_retention, chosen.period, chosen.watched)
    if not any(cohort.users for cohort in view.cohorts):
        watch.nothing_here(PAGE, "new users", reads, chosen)
        return

    def open_users(row: int, column: str) -> None:
        # The first row is the average, of all cohorts
        first = view.cohorts[row - 1] if row else None
        begun = first.first_week if first else view.cohorts[0].first_week
        until = (first or view.cohorts[-1]).first_week + WEEK_DAYS * DAY
        wanted = {"first_active": user_links.days(begun, until)}
        week = _week_of(column)
        if first and week is not None and week < len(first.weeks):
            since = first.weeks[week].starts_on
            wanted["active"] = user_links.days(since, since + WEEK_DAYS * DAY)
        user_links.open_users(chosen, **wanted)

    note = "share and number of a cohort active in each week · * so far · click for the users"
    with watch.panel("Retention by first week", note):
        tables.draw_cells(
            _cells(view),
            _colours(view, charts.palette()),
            _alt(view),
            key=f"{PAGE}.retention",
            on_open=open_users,
        )
    if len(view.cohorts) < FEW_WEEKS:
        st.button(
            "Show 90 days",
            icon=":material/date_range:",
            help="More cohorts, and more weeks of each",
            on_click=lambda: filter_state.put(PAGE, days=MORE_DAYS),
        )


def _cells(view: RetentionView) -> pd.DataFrame:
    weeks = [_label(average.week) for average in view.average]
    rows = [
        [
            ALL,
            f"{sum(cohort.users for cohort in view.cohorts):,}",
            *(
                formatting.share(each.rate) if each.rate is not None else ""
                for each in view.average
            ),
        ]
    ]
    for cohort in view.cohorts:
        cells = [_cell(row) for row in cohort.weeks]
        blank = [""] * (len(weeks) - len(cells))
        rows.append([f"{cohort.first_week:%-d %b %Y}", f"{cohort.users:,}", *cells, *blank])
    return pd.DataFrame(rows, columns=[COHORT, USERS, *weeks])


def _cell(row: RetentionRow) -> str:
    if row.rate is None:
        return ""
    return f"{row.rate:.0%} · {row.users:,}{'' if row.is_complete else '*'}"


def _colours(view: RetentionView, palette: Palette) -> pd.DataFrame:
    """Return the cells' colours: of one hue, the more of it the more came back."""
    rows = [[None, None, *(each.rate for each in view.average)]]
    for cohort in view.cohorts:
        rates = [row.rate for row in cohort.weeks]
        rows.append([None, None, *rates, *[None] * (len(view.average) - len(rates))])
    colours = [[_colour(rate, palette) for rate in row] for row in rows]
    return pd.DataFrame(colours, columns=_cells(view).columns)


def _colour(rate: float | None, palette: Palette) -> str:
    if not rate:
        return ""
    # Up to half of all in the weaker half of the hue: later weeks are seldom above
    step = round(min(rate, 1.0) ** 0.7 * (len(palette.sequence) - 1))
    ink = palette.ground if step > len(palette.sequence) // 2 else palette.text
    return f"background-color: {palette.sequence[step]}; color: {ink}"


def _label(week: int) -> str:
    return f"Week {week}"


def _week_of(column: str) -> int | None:
    return int(column.removeprefix("Week ")) if column.startswith("Week ") else None


def _alt(view: RetentionView) -> str:
    cohorts = formatting.count(len(view.cohorts), "cohort")
    later = [each for each in view.average[1:] if each.rate is not None]
    said = ", ".join(f"week {each.week} {formatting.share(each.rate)}" for each in later[:4])
    return f"Retention of {cohorts}" + (f": on average {said}." if said else ".")
