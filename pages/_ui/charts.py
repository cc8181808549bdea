"""Charts in the colours of the reader's theme, with a text alternative and clicks."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import streamlit as st

from core.presentation.axes import moment_at
from core.presentation.drawing import Chart
from core.presentation.palette import Palette
from pages._ui import errors, frame, state

ROLES = ("text", "muted", "grid", "axis", "bad", "warn", "warn_ink", "idle", "tint", "ok")
# The part of Plotly that draws lines and bars (npm: plotly.js-basic-dist-min), of the version that
# Python's plotly writes for.
PLOTLY = "app/static/plotly-basic-4.1.1.min.js"

_chart = st.components.v2.component(
    "attune_chart",
    html='<div class="attune-chart" role="figure"></div><form class="attune-points"></form>',
    js=frame.read("parts/chart.js"),
    isolate_styles=False,  # Plotly puts its own into the head of the page
)


@dataclass(frozen=True)
class Point:
    """A clicked point: its place on each axis, and its index."""

    x: Any
    y: Any
    number: int

    def moment(self, zone: str) -> datetime:
        """Return the time of a point in a time chart."""
        return moment_at(str(self.x), zone)


def palette() -> Palette:
    theme = "dark" if st.context.theme.type == "dark" else "light"
    # Themes take colours under Streamlit's names only; no chart uses the diverging ones
    roles = dict(zip(ROLES, _option(theme, "chartDivergingColors"), strict=True))
    return Palette(
        **roles,
        ground=str(_option(theme, "backgroundColor")),
        series=tuple(_option(theme, "chartCategoricalColors")),
        sequence=tuple(_option(theme, "chartSequentialColors")),
        is_dark=theme == "dark",
    )


def run_legend() -> str:
    """Return the legend of the states of batch runs, in the colours of the charts."""
    theme = palette()
    states = {"Completed": theme.ok, "Partial": theme.warn, "Failed or lost": theme.bad}
    return " ".join(
        f':color[■]{{foreground="{colour}"}}\u00a0{state}' for state, colour in states.items()
    )


def show(chart: Chart, key: str, *, on_pick: Callable[[Point], None] | None = None) -> None:
    """Draw a chart; a click calls `on_pick` and reruns the page."""
    # Streamlit refuses two underscores, which names of others have: "nightly__rollup"
    key = key.replace("_", "_.")

    @errors.action
    def picked() -> None:
        told: dict[str, Any] = state.get(key, {})
        if on_pick is not None and (point := told.get("picked")):
            on_pick(Point(point["x"], point["y"], int(point["number"])))

    figure = chart.figure.to_json(validate=False)
    data = {
        "figure": figure,
        "alt": chart.alt,
        "is_clicked": on_pick is not None,
        "plotly": f"/{PLOTLY}",
    }
    height = int(chart.figure.layout.height)  # reserved: nothing moves when Plotly arrives
    _chart(key=key, data=data, height=height, on_picked_change=picked)


def _option(theme: str, name: str) -> Any:  # noqa: ANN401  a colour or a list of them
    return st.get_option(f"theme.{theme}.{name}")
