"""The funnel as a chart."""

from collections.abc import Callable

import streamlit as st

from core.activity import charts as funnel_charts
from core.activity.funnel_views import FunnelComparison, FunnelView
from core.presentation import formatting
from core.presentation.periods import DAY
from pages._ui import charts, text
from pages.watch.onboarding.funnel_editor import PAGE


def draw_funnel(
    funnel: FunnelView, versus: FunnelComparison | None, pick: Callable[[int], None]
) -> None:
    """Draw the funnel; a click on a bar selects its step."""
    chart = (
        funnel_charts.funnel_comparison(charts.palette(), versus)
        if versus is not None
        else funnel_charts.funnel(charts.palette(), funnel)
    )
    with st.container(border=True):
        charts.show(
            chart,
            f"{PAGE}.funnel.{versus is not None}",
            on_pick=lambda point: pick(round(float(point.x)) + 1),
        )
    if versus is not None:
        st.caption(
            text.plain(
                f"{versus.name} vs. {versus.other_name}{_how(funnel, versus)} · {versus.says}"
            )
        )


def draw_history(funnel: FunnelView, zone: str) -> None:
    """Say from when on the events of all steps are known, where that is not from the start."""
    if funnel.history_since is not None and funnel.history_since > funnel.start:
        since = formatting.moment(funnel.history_since, zone)
        st.caption(f"Events of all steps are known since {since}.")


def _how(funnel: FunnelView, versus: FunnelComparison) -> str:
    """Return what was excluded to give both funnels the same time."""
    parts = []
    if versus.one.end < funnel.end:
        parts.append(
            ", excluding the last "
            f"{formatting.count(-((versus.one.end - funnel.end) // DAY), 'day')}"
        )
    if versus.one.window_days != funnel.window_days:
        parts.append(f", {versus.one.window_days}-day conversion window")
    return "".join(parts)
