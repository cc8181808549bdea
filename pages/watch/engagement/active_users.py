"""Active users by day, week or month, and stickiness."""

from collections.abc import Sequence

import streamlit as st

from core.activity import engagement_charts
from core.activity.engagement_views import ActiveUsersRow, ActivityInterval
from core.activity.queries.engagement.active_users_trend import read_active_users
from core.presentation.periods import DAY
from pages._ui import charts, columns, errors, tables, watch
from pages._ui.cache import Reads
from pages._ui.charts import Point
from pages._ui.filters.selection import Filters
from pages._ui.tables import TableColumn
from pages.watch.engagement import user_links
from pages.watch.engagement.user_links import PAGE

INTERVALS = {"": "By day", ActivityInterval.WEEK: "By week", ActivityInterval.MONTH: "By month"}
MOST_ROWS = 14


def draw_choices(reads: Reads) -> None:
    st.selectbox(
        "Interval",
        list(INTERVALS),
        key=f"{PAGE}.interval",
        format_func=lambda each: INTERVALS[each],
        label_visibility="collapsed",
        width=130,
    )


@errors.part("Active users")
def draw(reads: Reads, chosen: Filters) -> None:
    interval = chosen.one_of(ActivityInterval, "interval") or ActivityInterval.DAY
    view = reads.ask(read_active_users, chosen.period, chosen.watched, interval)
    if not any(row.users for row in view.items):
        watch.nothing_here(PAGE, "events", reads, chosen)
        return
    palette, markers = charts.palette(), watch.markers(reads, chosen)

    def open_users(row: ActiveUsersRow) -> None:
        days = user_links.days(row.starts_on, row.ends_on + DAY)
        user_links.open_users(chosen, active=days)

    def open_point(point: Point) -> None:
        open_users(view.items[point.number])

    note = "users with an event, AI request or message"
    more = " · with the 7 and 30 days up to each" if interval is ActivityInterval.DAY else ""
    grid = st.grid(3, min_column_width=300, gap=("small", "medium"))
    with (
        grid.cell(column_span=2),
        watch.panel(f"Active users by {interval}", f"{note}{more} · click for the users"),
    ):
        chart = engagement_charts.active_users(palette, view, markers)
        charts.show(chart, f"{PAGE}.active.{interval}", on_pick=open_point)
    with grid.cell(), watch.panel("Stickiness", "daily over monthly users (DAU/MAU)"):
        chart = engagement_charts.stickiness(palette, view, markers)
        charts.show(chart, f"{PAGE}.stickiness.{interval}", on_pick=open_point)
    with watch.panel("Active users", "latest first · click a row for its users"):
        tables.draw(
            view.items[::-1],
            _columns(interval),
            f"Active users by {interval}",
            key=f"{PAGE}.active_rows.{interval}",
            most=MOST_ROWS,
            on_open=open_users,
        )


def _columns(interval: ActivityInterval) -> Sequence[TableColumn[ActiveUsersRow]]:
    is_daily = interval is ActivityInterval.DAY
    return [
        columns.text(interval.capitalize(), _name),
        columns.number("Users", lambda row: row.users),
        columns.number(
            "New", lambda row: row.new_users, help="Never active in these filters before"
        ),
        *([] if is_daily else [_mean()]),
        columns.number("7 days", lambda row: row.weekly_users, help="Users of the 7 days up to it"),
        columns.number(
            "30 days", lambda row: row.monthly_users, help="Users of the 30 days up to it"
        ),
        columns.percent("Stickiness", lambda row: row.stickiness, format="%.1f%%"),
    ]


def _mean() -> TableColumn[ActiveUsersRow]:
    return columns.number("Users per day", lambda row: row.daily_users, format="%.1f")


def _name(row: ActiveUsersRow) -> str:
    first, last = row.starts_on, row.ends_on
    days = f"{first:%-d %b %Y}" if first == last else f"{first:%-d %b} to {last:%-d %b %Y}"
    return days if row.is_complete else f"{days} (so far)"
