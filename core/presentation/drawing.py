"""Plotly figures as plain dictionaries, with the chart template."""

from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from html import escape
from typing import Any

import plotly.graph_objects as go

from core.presentation.palette import Palette

FONT = "Inter, system-ui, sans-serif"
HEIGHT = 220
DATES = [
    {"dtickrange": [None, 86_399_999], "value": "%H:%M"},
    {"dtickrange": [86_400_000, "M1"], "value": "%-d %b"},
    {"dtickrange": ["M1", None], "value": "%b %Y"},
]


class Markup(str):
    """Words in Plotly's own notation: what is bold in them, coloured or a new line is the house's."""

    __slots__ = ()

    @classmethod
    def of(cls, template: str, *words: str) -> "Markup":
        """Return a template of the house, `<b>{}</b>`, with words in it that stand there as they are."""
        return cls(template.format(*(_written(each) for each in words)))


@dataclass(frozen=True)
class Drawing:
    """A figure as Plotly writes it, made with the methods that `go.Figure` has; words stand in it as they are, but for Markup.

    That one looks at each property when it is set, which took a third of the time of a page of six charts: tests do it instead.
    """

    data: list[dict[str, Any]] = field(default_factory=list)
    layout: dict[str, Any] = field(default_factory=dict)

    def add_scatter(self, **trace: object) -> None:
        """Add lines, points or an area."""
        self.data.append({"type": "scatter", **_written(trace)})

    def add_bar(self, **trace: object) -> None:
        """Add bars."""
        self.data.append({"type": "bar", **_written(trace)})

    def add_annotation(self, **annotation: object) -> None:
        """Write something."""
        self.layout.setdefault("annotations", []).append(_written(annotation))

    def add_shape(self, **shape: object) -> None:
        """Add a line or an area that belongs to no data."""
        self.layout.setdefault("shapes", []).append(_written(shape))

    def update_layout(self, **more: object) -> "Drawing":
        """Set more of the layout; what is there within a part remains."""
        _merge(self.layout, _written(more))
        return self

    def update_xaxes(self, **more: object) -> "Drawing":
        """Set more of the horizontal axis."""
        return self.update_layout(xaxis=more)

    def update_yaxes(self, **more: object) -> "Drawing":
        """Set more of the upright axis."""
        return self.update_layout(yaxis=more)

    def figure(self) -> go.Figure:
        """Return it as Plotly's own."""
        return go.Figure(self.data, self.layout, _validate=False)


@dataclass(frozen=True)
class Chart:
    """A drawing and the same in words."""

    drawing: Drawing
    alt: str

    @cached_property
    def figure(self) -> go.Figure:
        """The drawing as Plotly's own figure."""
        return self.drawing.figure()


def blank(palette: Palette, height: int = HEIGHT) -> Drawing:
    """Return a figure of the house with nothing in it."""
    return Drawing(layout={"template": _template(palette), "height": height})


def dated(palette: Palette, height: int = HEIGHT) -> Drawing:
    """Return one whose horizontal axis is time."""
    return blank(palette, height).update_xaxes(tickformatstops=DATES)  # inside a template these are ignored


def _written(given: Any) -> Any:  # noqa: ANN401  whatever a figure is made of
    """Return it with all words escaped: Plotly takes tags for links and styles, wherever a text stands."""
    if isinstance(given, str):
        return str(given) if isinstance(given, Markup) else escape(given, quote=False)  # Plotly knows no &quot;
    if isinstance(given, dict):
        return {name: value if name == "hovertemplate" else _written(value) for name, value in given.items()}
    return [_written(each) for each in given] if isinstance(given, (list, tuple)) else given


def _merge(into: dict[str, Any], more: dict[str, Any]) -> None:
    for name, value in more.items():
        if isinstance(value, dict):
            into[name] = {**into.get(name, {})}
            _merge(into[name], value)
        else:
            into[name] = value


@lru_cache(maxsize=8)
def _template(palette: Palette) -> dict[str, Any]:
    small = {"size": 11, "color": palette.muted}
    axis = {"showgrid": False, "zeroline": False, "linecolor": palette.axis, "ticks": "", "automargin": True, "tickangle": 0}
    # Without an exponent: Plotly would write half a thousandth of a dollar as $500μ.
    axis |= {"tickfont": small, "title": {"font": small}, "fixedrange": True, "exponentformat": "none"}
    upward = {"showgrid": True, "gridcolor": palette.grid, "rangemode": "tozero", "nticks": 5, "showline": False}
    return {
        "layout": {
            "font": {"family": FONT, "size": 12, "color": palette.text},
            "colorway": list(palette.series),
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            # What most labels need: Plotly draws a chart anew when its labels turn out to need more.
            "margin": {"l": 38, "r": 16, "t": 8, "b": 22},
            "xaxis": axis | {"showline": True, "nticks": 7},
            "yaxis": axis | upward,
            "hovermode": "x unified",
            "bargap": 0.28,
            "barcornerradius": 2,
            "hoverlabel": {"bgcolor": palette.ground, "bordercolor": palette.axis, "font": {"family": FONT, "size": 12}},
            "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "xanchor": "left", "font": small}
            | {
                "itemsizing": "constant",
                "traceorder": "normal",
                "title": {"text": ""},
                "itemclick": False,
                "itemdoubleclick": False,
            },
        }
    }
