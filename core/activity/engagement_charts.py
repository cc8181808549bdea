"""Charts of active users, with their alternative texts."""

from collections.abc import Sequence

from core.activity.engagement_views import ActiveUsersView, ActivityInterval
from core.presentation import formatting
from core.presentation.chart_markers import ChartMarker
from core.presentation.drawing import Chart, Drawing
from core.presentation.formatting import FigureUnit
from core.presentation.palette import Palette
from core.presentation.periods import midnight
from core.presentation.plotting import Line, line_chart

TALL = 250


def active_users(
    palette: Palette, view: ActiveUsersView, markers: Sequence[ChartMarker] = ()
) -> Chart:
    """Draw users by interval; by day, with those of the 7 and 30 days up to it."""
    rows = view.items
    strong, middle, light = palette.strengths
    lines = [Line("", [row.users for row in rows], palette.series[0], palette.series[0], 2.2)]
    if view.interval is ActivityInterval.DAY:
        lines = [
            Line("30 days", [row.monthly_users for row in rows], light, palette.muted, 1.4),
            Line("7 days", [row.weekly_users for row in rows], middle, palette.muted, 1.6),
            Line("Day", [row.users for row in rows], strong, palette.text, 2.2),
        ]
    figure = _drawn(palette, view, lines, FigureUnit.COUNT, markers)
    most = max(rows, key=lambda row: row.users)
    said = formatting.count(rows[-1].users, "user")
    alt = f"Active users by {view.interval}: {said} in the last one, most on {most.starts_on} "
    return Chart(figure, f"{alt}({most.users:,}).")


def stickiness(
    palette: Palette, view: ActiveUsersView, markers: Sequence[ChartMarker] = ()
) -> Chart:
    """Draw daily over monthly users."""
    shares = [row.stickiness for row in view.items]
    line = Line("", shares, palette.series[0], palette.series[0])
    figure = _drawn(palette, view, [line], FigureUnit.SHARE, markers)
    last = formatting.share(shares[-1])
    return Chart(figure, f"Stickiness by {view.interval}: {last} in the last one.")


def _drawn(
    palette: Palette,
    view: ActiveUsersView,
    lines: Sequence[Line],
    unit: FigureUnit,
    markers: Sequence[ChartMarker],
) -> Drawing:
    times = [midnight(row.starts_on, view.time_zone) for row in view.items]
    return line_chart(
        palette,
        times,
        lines,
        unit,
        zone=view.time_zone,
        markers=markers,
        height=TALL,
        is_open=not view.items[-1].is_complete,
    )
