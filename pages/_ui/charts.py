"""Charts on a page: in the colours of the reader's theme, said in words to who cannot see them, and clicked to look closer."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import streamlit as st

from core.presentation.drawing import Chart
from core.presentation.palette import Palette
from pages._ui import errors, frame, state

ROLES = ("text", "muted", "grid", "axis", "bad", "warn", "warn_ink", "idle", "tint", "ok")
# The part of Plotly that draws lines and bars (npm: plotly.js-basic-dist-min), of the version that Python's plotly writes for.
RUN_LEGEND = ":green[■]\u00a0Completed :orange[■]\u00a0Partial :red[■]\u00a0Failed or lost"
PLOTLY = "app/static/plotly-basic-4.1.1.min.js"

_chart = st.components.v2.component(
    "attune_chart",
    html='<div class="attune-chart" role="figure"></div>',
    js=frame.read("parts/chart.js"),
    isolate_styles=False,  # Plotly puts its own into the head of the page
)


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

    @errors.action
    def picked() -> None:
        told: dict[str, Any] = state.get(key, {})
        if on_pick is not None and (point := told.get("picked")):
            on_pick(Point(point["x"], point["y"], int(point["number"])))

    figure = chart.figure.to_json(validate=False)
    data = {"figure": figure, "alt": chart.alt, "is_clicked": on_pick is not None, "plotly": f"/{PLOTLY}"}
    _chart(key=key, data=data, height="content", on_picked_change=picked)


def _option(theme: str, name: str) -> Any:  # noqa: ANN401  a colour or a list of them
    return st.get_option(f"theme.{theme}.{name}")
