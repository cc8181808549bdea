"""Plotly figures as plain dictionaries, with the chart template."""

from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from html import escape
from typing import Any

import plotly.graph_objects as go

from core.presentation.palette import Palette

FONT = "Inter, system-ui, sans-serif"
HEIGHT = 220
DATES_PX = 29  # what Plotly needs below the x axis
DATES = [
    {"dtickrange": [None, 86_399_999], "value": "%H:%M"},
    {"dtickrange": [86_400_000, "M1"], "value": "%-d %b"},
    {"dtickrange": ["M1", None], "value": "%b %Y"},
]


class Markup(str):
    """Text in Plotly's notation (tags such as `<b>`), which is not escaped."""

    __slots__ = ()

    @classmethod
    def of(cls, template: str, *texts: str) -> "Markup":
        """Return a template such as `<b>{}</b>` with escaped texts filled in."""
        return cls(template.format(*(_escaped(text) for text in texts)))


@dataclass
class Drawing:
    """A Plotly figure as dictionaries, built with methods of the same names as `go.Figure`; texts
    are escaped.

    `go.Figure` validates each property when it is set, which took a third of the time of a page
    with six charts: tests validate instead.
    """

    data: list[dict[str, Any]] = field(default_factory=list)
    layout: dict[str, Any] = field(default_factory=dict)

    def add_scatter(self, **trace: object) -> None:
        self.data.append({"type": "scatter", **_escaped(trace)})

    def add_bar(self, **trace: object) -> None:
        self.data.append({"type": "bar", **_escaped(trace)})

    def add_annotation(self, **annotation: object) -> None:
        self.layout.setdefault("annotations", []).append(_escaped(annotation))

    def add_shape(self, **shape: object) -> None:
        self.layout.setdefault("shapes", []).append(_escaped(shape))

    def update_layout(self, **properties: object) -> "Drawing":
        """Merge properties into the layout."""
        _merge(self.layout, _escaped(properties))
        return self

    def update_xaxes(self, **properties: object) -> "Drawing":
        """Merge properties into the x axis."""
        return self.update_layout(xaxis=properties)

    def update_yaxes(self, **properties: object) -> "Drawing":
        """Merge properties into the y axis."""
        return self.update_layout(yaxis=properties)

    def figure(self) -> go.Figure:
        return go.Figure(self.data, self.layout, _validate=False)


@dataclass(frozen=True)
class Chart:
    """A drawing and its text alternative."""

    drawing: Drawing
    alt: str

    @cached_property
    def figure(self) -> go.Figure:
        return self.drawing.figure()


def blank(palette: Palette, height: int = HEIGHT) -> Drawing:
    """Return an empty drawing with the console's template."""
    return Drawing(layout={"template": _template(palette), "height": height})


def dated(palette: Palette, height: int = HEIGHT) -> Drawing:
    """Return an empty drawing whose x axis is time."""
    # Plotly ignores these inside a template
    # More dates touch each other on a telephone, and where three charts stand side by side.
    return blank(palette, height).update_xaxes(tickformatstops=DATES, nticks=5)


def _escaped(value: Any) -> Any:  # noqa: ANN401  whatever a figure is made of
    """Return a value with all texts escaped: Plotly interprets tags such as links in any text."""
    if isinstance(value, str):
        # Plotly knows no &quot;
        return str(value) if isinstance(value, Markup) else escape(value, quote=False)
    if isinstance(value, dict):
        return {
            name: value if name == "hovertemplate" else _escaped(value)
            for name, value in value.items()
        }
    return [_escaped(item) for item in value] if isinstance(value, (list, tuple)) else value


def _merge(target: dict[str, Any], properties: dict[str, Any]) -> None:
    for name, value in properties.items():
        if isinstance(value, dict):
            target[name] = {**target.get(name, {})}
            _merge(target[name], value)
        else:
            target[name] = value


@lru_cache(maxsize=8)
def _template(palette: Palette) -> dict[str, Any]:
    small = {"size": 11, "color": palette.muted}
    axis = {
        "showgrid": False,
        "zeroline": False,
        "linecolor": palette.axis,
        "ticks": "",
        "automargin": True,
        "tickangle": 0,
    }
    # Without an exponent: Plotly would format half a thousandth of a dollar as $500μ.
    axis |= {
        "tickfont": small,
        "title": {"font": small},
        "fixedrange": True,
        "exponentformat": "none",
    }
    upward = {
        "showgrid": True,
        "gridcolor": palette.grid,
        "rangemode": "tozero",
        "nticks": 5,
        "showline": False,
    }
    return {
        "layout": {
            "font": {"family": FONT, "size": 12, "color": palette.text},
            "colorway": list(palette.series),
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            # A date may stand at the right edge: Plotly draws a chart twice when labels need more.
            "margin": {"l": 44, "r": 31, "t": 8, "b": DATES_PX},
            "xaxis": axis | {"showline": True, "nticks": 7},
            "yaxis": axis | upward,
            "hovermode": "x unified",
            "bargap": 0.28,
            "barcornerradius": 2,
            "hoverlabel": {
                "bgcolor": palette.ground,
                "bordercolor": palette.axis,
                "font": {"family": FONT, "size": 12},
            },
            "legend": {
                "orientation": "h",
                "x": 0,
                "y": 1.02,
                "yanchor": "bottom",
                "xanchor": "left",
                "font": small,
            }
            | {
                "itemsizing": "constant",
                "traceorder": "normal",
                "title": {"text": ""},
                "itemclick": False,
                "itemdoubleclick": False,
            },
        }
    }
