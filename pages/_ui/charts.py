"""Charts on a page: in the colours of the reader's theme, said in words to who cannot see them, and clicked to look closer."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import streamlit as st

from core.palette import Palette
from core.plotting import Chart
from pages._ui import errors, state

ROLES = ("text", "muted", "grid", "axis", "bad", "warn", "warn_ink", "idle", "tint", "ok")
CONFIG = {"displayModeBar": False, "doubleClick": False, "showTips": False}


@dataclass(frozen=True)
class Point:
    """What was clicked: its place on either axis, and the number of the bar or point."""

    x: Any
    y: Any
    number: int

    def moment(self, zone: str) -> datetime:
        """Return the time that a point of a time chart stands at."""
        return datetime.fromisoformat(str(self.x)).replace(tzinfo=ZoneInfo(zone))


def palette() -> Palette:
    """Return the colours of the reader's theme."""
    theme = "dark" if st.context.theme.type == "dark" else "light"
    roles = dict(zip(ROLES, _option(theme, "chartDivergingColors"), strict=True))
    return Palette(
        **roles,
        ground=str(_option(theme, "backgroundColor")),
        series=tuple(_option(theme, "chartCategoricalColors")),
        sequence=tuple(_option(theme, "chartSequentialColors")),
        is_dark=theme == "dark",
    )


def show(chart: Chart, key: str, *, on_pick: Callable[[Point], None] | None = None) -> None:
    """Draw a chart; with `on_pick` a click on it does something, and the page is drawn anew."""
    # Without theme=None Streamlit would put its own colours over the template's.
    if on_pick is None:
        st.plotly_chart(chart.figure, theme=None, key=key, alt=chart.alt, config=CONFIG)
        return

    @errors.action
    def picked() -> None:
        points = state.selected(key, "points")
        if points:
            on_pick(Point(points[0].get("x"), points[0].get("y"), int(points[0].get("point_index", 0))))

    # What is left to Streamlit here it sets otherwise once points can be picked: then only one line would tell its value.
    layout = chart.figure.layout
    layout.update(clickmode="event+select", dragmode=False, hovermode=layout.hovermode or layout.template.layout.hovermode)
    st.plotly_chart(chart.figure, theme=None, key=key, alt=chart.alt, config=CONFIG, on_select=picked, selection_mode="points")


def _option(theme: str, name: str) -> Any:  # noqa: ANN401  a colour or a list of them
    return st.get_option(f"theme.{theme}.{name}")
