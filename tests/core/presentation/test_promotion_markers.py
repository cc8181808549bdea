"""Each promotion is marked in charts, a rollback to a version too."""

from datetime import UTC, datetime, timedelta

from core.presentation.chart_markers import ChartMarker
from core.presentation.formatting import FigureUnit
from core.presentation.plotting import Line, line_chart
from tests.factories.palettes import PALETTE

START = datetime(2026, 11, 1, tzinfo=UTC)


def test_a_version_that_is_promoted_again_after_another_is_marked_each_time() -> None:
    times = [START + timedelta(hours=number) for number in range(100)]
    markers = [
        ChartMarker(START + timedelta(hours=hour), f"support@{version} in production", repeats=True)
        for hour, version in ((10, 1), (40, 2), (70, 1))
    ]
    line = Line("line", [1.0] * 100, "#111111", "#111111")
    figure = line_chart(
        PALETTE, times, [line], FigureUnit.COUNT, zone="UTC", markers=markers
    ).figure()
    assert [shape.x0 for shape in figure.layout.shapes] == [
        "2026-11-01 10:00:00",
        "2026-11-02 16:00:00",
        "2026-11-03 22:00:00",
    ]
