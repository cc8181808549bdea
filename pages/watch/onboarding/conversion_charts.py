"""Conversion over time, time to convert and time to drop-off."""

from datetime import UTC

import streamlit as st

from core.activity import charts as funnel_charts
from core.activity.funnel_views import TimeBar
from core.activity.queries.funnels import conversion_trend, time_to_drop_off
from core.activity.queries.funnels.funnel import Funnel
from core.activity.queries.funnels.segments import Segment
from core.insights.queries.drop_offs import TimeRange
from core.presentation.periods import DAY, HOUR
from pages._ui import charts, errors, watch
from pages._ui.cache import Reads
from pages._ui.charts import Point
from pages._ui.filters import filter_state
from pages._ui.filters.selection import Filters
from pages.watch.onboarding.funnel_editor import PAGE


@errors.part("Conversion charts")
def draw(reads: Reads, chosen: Filters, funnel: Funnel, segment: Segment | None) -> None:
    asked = (chosen.period, chosen.watched, funnel, segment)
    course, stayed = (
        reads.ask(conversion_trend.read_conversion_trend, *asked, by_hour=True),
        reads.ask(time_to_drop_off.read_time_to_drop_off, *asked),
    )
    palette, zone = charts.palette(), chosen.period.zone
    grid = st.grid(3, min_column_width=300, gap=("small", "medium"))

    def closer(point: Point) -> None:
        start = point.moment(zone)
        # Hours go by the clock in UTC, days by that of the zone: some are longer
        end = start.astimezone(UTC) + HOUR if is_hourly else start + course.days_each * DAY
        filter_state.look_at(PAGE, start, end)

    def pick(step: int, bar: TimeBar, name: str) -> None:
        """List the users of a bar, below the steps."""
        ranges = {"took": "", "dropped_off_after": ""} | {
            name: str(TimeRange(bar.from_s, bar.to_s))
        }
        filter_state.put(PAGE, step=str(step), **ranges)

    is_hourly = funnel_charts.interval_of([day.starts_at for day in course.days]) == "hour"
    each = "hour" if is_hourly else "day" if course.days_each == 1 else f"{course.days_each} days"
    with (
        grid.cell(),
        watch.panel("Conversion rate", f"by first-step {each} · dotted: window still open"),
    ):
        charts.show(
            funnel_charts.conversion_over_time(palette, course, zone, watch.markers(reads, chosen)),
            f"{PAGE}.completion",
            on_pick=closer,
        )
    with (
        grid.cell(),
        watch.panel("Time to convert", "first to last step · click a bar for users"),
    ):
        if any(bar.users for bar in course.histogram):
            charts.show(
                funnel_charts.time_to_convert(palette, course),
                f"{PAGE}.time",
                on_pick=lambda point: pick(
                    len(funnel.steps), course.histogram[point.number], "took"
                ),
            )
        else:
            st.caption("No user has converted yet.")
    with (
        grid.cell(),
        watch.panel(
            "Time to drop-off",
            "first step to last seen · click a bar for users",
        ),
    ):
        charts.show(
            funnel_charts.time_to_drop_off(palette, stayed),
            f"{PAGE}.stays",
            on_pick=lambda point: pick(1, stayed.histogram[point.number], "dropped_off_after"),
        )
