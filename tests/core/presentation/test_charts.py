"""Charts: for any data, with gaps as gaps, markers where there is room, and the same content in the
text alternative.
"""

import itertools
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from plotly import graph_objects

from core.platform import clock
from core.presentation.axes import scale_of
from core.presentation.chart_markers import ChartMarker
from core.presentation.drawing import Drawing, Markup, blank
from core.presentation.formatting import FigureUnit
from core.presentation.histograms import histogram
from core.presentation.plotting import Line, line_chart, stacked_bars
from tests.factories.palettes import PALETTE

START = datetime(2026, 11, 1, tzinfo=UTC)


def hours(count: int) -> list[datetime]:
    return [START + timedelta(hours=number) for number in range(count)]


def drawn(
    *values: float | None,
    unit: FigureUnit = FigureUnit.DURATION,
    markers: tuple[ChartMarker, ...] = (),
    names: int = 1,
) -> Any:  # noqa: ANN401
    lines = [Line(f"line {number}", values, "#111111", "#111111") for number in range(names)]
    return line_chart(
        PALETTE, hours(len(values)), lines, unit, zone="Europe/Berlin", markers=markers
    ).figure()


@pytest.mark.parametrize(
    "values", [(), (None,), (None, None), (5.0,), (0.0, 0.0), (1.0, None, 3.0)]
)
@pytest.mark.parametrize("names", [1, 3])
def test_it_is_drawn_of_anything(values: tuple[float | None, ...], names: int) -> None:
    assert len(drawn(*values, names=names).data) == names
    bars = stacked_bars(
        PALETTE,
        hours(len(values)),
        {"a": [each or 0 for each in values]},
        FigureUnit.MONEY,
        zone="UTC",
    )
    assert bars.figure().data


def test_what_plotly_does_not_know_is_found_here() -> None:
    drawing = Drawing()
    drawing.add_bar(x=[1], y=[1], colour="red")
    with pytest.raises(ValueError, match="colour"):
        drawing.figure()


def test_a_reader_gets_it_as_it_was_drawn() -> None:
    drawing = line_chart(
        PALETTE,
        hours(2),
        [Line("a", [1.0, 2.0], "#111111", "#111111")],
        FigureUnit.COUNT,
        zone="UTC",
    )
    shown = graph_objects.Figure(drawing.data, drawing.layout, _validate=False).to_dict()
    assert shown == drawing.figure().to_dict()


def test_words_of_others_are_no_markup_wherever_they_stand() -> None:
    bad = '<a href="https://evil.example">load & "run"</a>'
    drawing = (
        blank(PALETTE)
        .update_layout(yaxis={"ticktext": [bad], "tickvals": [0]})
        .update_xaxes(title={"text": bad})
    )
    drawing.add_bar(
        x=[1.0], y=[bad], name=bad, customdata=(bad,), hovertemplate="<b>%{customdata}</b>"
    )
    drawing.add_scatter(x=[bad], y=[1.0], name=bad, text=[bad])
    drawing.add_annotation(text=bad, x=0, y=0)
    drawing.add_annotation(text=Markup.of("<b>{}</b>", bad), x=0, y=0)
    words, places = '&lt;a href="https://evil.example"&gt;load &amp; "run"&lt;/a&gt;', 10
    assert str(drawing.figure().to_plotly_json()).count(words) == places
    assert "<a" not in str(drawing.data) + str(drawing.layout)
    assert drawing.layout["annotations"][1]["text"].startswith("<b>&lt;a ")
    assert drawing.data[0]["hovertemplate"] == "<b>%{customdata}</b>"


def test_more_of_a_part_leaves_what_is_there_and_what_others_share() -> None:
    margin = {"l": 1, "r": 2}
    one, other = Drawing().update_layout(margin=margin), Drawing().update_layout(margin=margin)
    one.update_layout(margin={"r": 9}).update_xaxes(range=[0, 1]).update_xaxes(nticks=4)
    assert one.layout == {"margin": {"l": 1, "r": 9}, "xaxis": {"range": [0, 1], "nticks": 4}}
    assert other.layout == {"margin": {"l": 1, "r": 2}}


def test_times_are_those_of_the_reporting_zone() -> None:
    assert drawn(1.0, 2.0).data[0].x[0] == "2026-11-01 01:00:00"


def test_a_gap_is_a_gap_and_a_point_between_gaps_can_be_seen() -> None:
    line = drawn(1.0, None, 3.0, None, 5.0, 6.0).data[0]
    assert line.y[1] is None
    assert list(line.marker.size) == [5, 0, 5, 0, 0, 0]


def test_no_area_is_drawn_over_a_gap_where_nothing_was_measured() -> None:
    assert drawn(1.0, None, 3.0).data[0].fill is None
    assert drawn(None, 1.0, 3.0, None).data[0].fill == "tozeroy"


@pytest.mark.parametrize("values", [(), (None, None)])
def test_without_any_value_it_says_so_in_place_of_a_scale_of_nothing(
    values: tuple[None, ...],
) -> None:
    layout = drawn(*values).layout
    assert [each.text for each in layout.annotations] == ["No data"]
    assert layout.yaxis.showticklabels is False
    measured = drawn(None, 0.0).layout
    assert (measured.annotations, measured.yaxis.showticklabels) == ((), None)


def test_a_histogram_of_nothing_says_so() -> None:
    layout = histogram(PALETTE, [], [], [("p50 n/a", None)]).figure().layout
    assert [each.text for each in layout.annotations] == ["No data"]


def test_a_line_is_dashed_towards_an_interval_that_is_not_over() -> None:
    lines = [Line("a", [5.0, 6.0, 1.0], "#111111", "#111111")]
    chart = partial(line_chart, PALETTE, hours(3), lines, FigureUnit.COUNT, zone="UTC")
    line, dashes = chart(is_open=True).figure().data
    assert list(line.y) == [5.0, 6.0, 1.0]
    assert (list(dashes.y), dashes.line.color) == ([6.0, 1.0], PALETTE.ground)
    assert dashes.hoverinfo == "skip"
    assert len(chart().figure().data) == 1


def test_of_a_whole_line_no_point_is_drawn() -> None:
    assert drawn(*[1.0] * 200).data[0].mode == "lines"
    assert drawn(None, *[1.0] * 200, None).data[0].mode == "lines"


def test_lines_that_end_close_together_are_named_apart() -> None:
    figure = drawn(1000.0, 1000.0, names=3)
    places = sorted(each.y for each in figure.layout.annotations)
    assert len(places) == 3
    assert (
        min(late - early for early, late in itertools.pairwise(places))
        > 0.05 * figure.layout.yaxis.range[1]
    )


def test_what_happened_within_the_last_interval_is_marked_and_can_be_seen() -> None:
    late, gone = (
        ChartMarker(START + timedelta(hours=3, minutes=40), "2.7.0"),
        ChartMarker(START + timedelta(hours=4), "2.8.0"),
    )
    lines = drawn(*[1.0] * 4, markers=(late, gone))
    assert [shape.x0 for shape in lines.layout.shapes] == ["2026-11-01 04:40:00"]
    assert lines.layout.xaxis.range == ("2026-11-01 01:00:00", "2026-11-01 04:40:00")
    bars = stacked_bars(
        PALETTE, hours(4), {"a": [1.0] * 4}, FigureUnit.COUNT, zone="UTC", markers=(late, gone)
    ).figure()
    assert [shape.x0 for shape in bars.layout.shapes] == ["2026-11-01 03:40:00"]


def test_of_a_single_day_what_happened_on_it_is_marked() -> None:
    [shape] = drawn(1.0, markers=(ChartMarker(START + timedelta(hours=9), "2.7.0"),)).layout.shapes
    assert shape.x0 == "2026-11-01 10:00:00"


def test_without_such_a_mark_lines_end_at_the_edge() -> None:
    assert drawn(*[1.0] * 4).layout.xaxis.range[1] == "2026-11-01 04:00:00"


def test_marks_outside_are_left_out_and_those_too_close_have_no_label() -> None:
    near = [
        ChartMarker(START + timedelta(hours=2, minutes=number), f"release {number}")
        for number in range(5)
    ]
    figure = drawn(*[1.0] * 48, markers=(*near, ChartMarker(START - timedelta(days=1), "before")))
    assert len(figure.layout.shapes) == 5
    labelled = [(each.text, bool(each.yshift)) for each in figure.layout.annotations]
    assert labelled == [("release 0", False), ("release 1", True)]


def test_a_release_of_several_apps_is_labelled_once() -> None:
    markers = tuple(
        ChartMarker(START + timedelta(hours=number), "2.7.1") for number in (10, 11, 60)
    )
    figure = drawn(*[1.0] * 100, markers=markers)
    assert [shape.x0 for shape in figure.layout.shapes] == ["2026-11-01 11:00:00"]
    assert [each.text for each in figure.layout.annotations] == ["2.7.1"]


def test_a_name_near_the_end_does_not_stand_over_the_one_before() -> None:
    markers = tuple(
        ChartMarker(START + timedelta(hours=number), f"2.7.{number}") for number in (70, 85, 97)
    )
    labels = [
        (each.text, each.xanchor)
        for each in drawn(*[1.0] * 100, markers=markers).layout.annotations
    ]
    assert labels == [("2.7.70", "left"), ("2.7.85", "right")]
    alone = drawn(*[1.0] * 100, markers=markers[2:]).layout.annotations
    assert [(each.text, each.xanchor) for each in alone] == [("2.7.97", "right")]


def test_a_name_late_on_the_axis_of_few_days_stands_left_of_its_line() -> None:
    # The axis of lines ends an interval before the span on which its place was computed
    days = [START + timedelta(days=number) for number in range(2)]
    lines = [Line("a", [1.0, 1.0], "#111111", "#111111")]
    late = ChartMarker(START + timedelta(hours=20), "concierge@9 in production")
    chart = partial(line_chart, PALETTE, days, lines, FigureUnit.COUNT, zone="UTC")
    [label] = chart(markers=(late,)).figure().layout.annotations
    assert (label.text, label.xanchor) == ("concierge@9 i…", "right")


@pytest.mark.parametrize(
    ("unit", "top", "said"),
    [
        (FigureUnit.DURATION, 840, "840 ms"),
        (FigureUnit.DURATION, 6400, "6.4 s"),
        (FigureUnit.DURATION, 600_000, "10.0 min"),
        (FigureUnit.DURATION, 7_200_000, "2.0 h"),
        (FigureUnit.MONEY, 0.0083, "$0.0083"),
        (FigureUnit.SHARE, 0.5, "50.0%"),
        (FigureUnit.COUNT, 8412, "8,412"),
    ],
)
def test_the_unit_stands_in_every_value(unit: FigureUnit, top: float, said: str) -> None:
    scale = scale_of(unit, top)
    assert scale.words(top * scale.factor) == said


@pytest.mark.parametrize(
    ("top", "step", "written"),
    [(0.0, 1, ",d"), (1.0, 1, ",d"), (4.0, 1, ",d"), (800.0, None, ",d"), (12_000.0, None, "~s")],
)
def test_a_count_has_no_halves_which_would_read_500m(
    top: float, step: int | None, written: str
) -> None:
    bars = stacked_bars(PALETTE, hours(2), {"a": [0.0, top]}, FigureUnit.COUNT, zone="UTC").figure()
    for figure in (
        drawn(0.0, top, unit=FigureUnit.COUNT),
        bars,
        histogram(PALETTE, [0, int(top)], [("0", "1"), ("1", "2")], []).figure(),
    ):
        assert figure.layout.yaxis.tickformat == written
        assert figure.layout.yaxis.dtick == step


@pytest.mark.parametrize(("top", "written"), [(0.05, None), (0.1, ".2f"), (4.9, ".2f"), (5, None)])
def test_cents_on_an_axis_have_two_digits(top: float, written: str | None) -> None:
    assert drawn(0.0, top, unit=FigureUnit.MONEY).layout.yaxis.tickformat == written


def test_a_single_bar_is_named_by_its_day() -> None:
    # Around one point, Plotly would write 23:59, 23:59 and 00:00.
    figure = stacked_bars(PALETTE, [START], {"a": [3]}, FigureUnit.COUNT, zone="UTC").figure()
    assert figure.layout.xaxis.ticktext == ("1 Nov",)


@pytest.mark.parametrize(
    ("count", "each_h", "labels"),
    [
        (24, 1, None),  # a day: the page says which
        (48, 1, ["1 Nov", "12:00", "2 Nov", "12:00"]),
        (12, 6, ["1 Nov", "12:00", "2 Nov", "12:00", "3 Nov", "12:00"]),
        (3, 24, ["1 Nov", "2 Nov", "3 Nov"]),
        (28, 6, None),
    ],
)
def test_two_or_three_days_are_labelled_by_their_dates(
    count: int, each_h: int, labels: list[str] | None
) -> None:
    at = [START + timedelta(hours=each_h * number) for number in range(count)]
    bars = stacked_bars(PALETTE, at, {"a": [1.0] * count}, FigureUnit.COUNT, zone="UTC")
    line = line_chart(
        PALETTE,
        at,
        [Line("a", [1.0] * count, "#111111", "#111111")],
        FigureUnit.COUNT,
        zone="UTC",
    )
    for figure in (bars.figure(), line.figure()):
        shown = figure.layout.xaxis.ticktext
        assert (list(shown) if shown is not None else None) == labels


def test_no_axis_writes_small_figures_with_a_prefix() -> None:
    layout = (
        stacked_bars(PALETTE, hours(2), {"a": [0.0, 0.0005]}, FigureUnit.MONEY, zone="UTC")
        .figure()
        .layout
    )
    assert layout.template.layout.yaxis.exponentformat == "none"
    assert layout.template.layout.xaxis.exponentformat == "none"


def test_the_previous_period_is_a_gray_line_that_the_axis_has_room_for() -> None:
    figure = line_chart(
        PALETTE,
        hours(3),
        [Line("now", [1.0, 2.0, 3.0], "#111111", "#111111")],
        FigureUnit.COUNT,
        zone="UTC",
        previous=[8.0, 9.0],
    ).figure()
    before = figure.data[0]
    assert (before.name, before.line.color) == ("Previous period", PALETTE.series[-1])
    assert (list(before.y), len(before.x)) == ([8.0, 9.0], 2)


def test_the_gray_line_is_named_in_a_legend_or_at_its_end() -> None:
    ways = {}
    for count in (1, 3):
        lines = [Line(f"p{number}", [1.0, 2.0], "#111111", "#111111") for number in range(count)]
        compared = partial(line_chart, PALETTE, hours(2), lines, FigureUnit.COUNT, zone="UTC")
        for previous in ((), (8.0, 9.0)):
            layout = compared(previous=previous).figure().layout
            named = any("Previous period" in each.text for each in layout.annotations)
            ways[count, bool(previous)] = (layout.showlegend, named)
    assert ways == {
        (1, False): (False, False),
        (1, True): (True, False),
        (3, False): (False, False),
        (3, True): (False, True),
    }


def test_labels_of_lines_that_end_above_a_cut_axis_are_within_it_and_apart() -> None:
    lines = [Line(f"p{at}", [float(at)], "#111111", "#111111") for at in (50, 1900, 2000, 60_000)]
    figure = line_chart(
        PALETTE,
        hours(1),
        lines,
        FigureUnit.DURATION,
        zone="UTC",
        height=200,
        previous=[1950.0],
        ends_at=2400,
    ).figure()
    places = sorted(each.y for each in figure.layout.annotations)
    low, high = figure.layout.yaxis.range
    apart = (high - low) * 14 / 160  # pixels of 160
    assert places[-1] <= high
    assert all(after - before >= apart for before, after in itertools.pairwise(places))


def test_a_label_with_a_swatch_is_in_ink_and_the_swatch_in_the_colour_of_its_line() -> None:
    lines = [Line(each, [1.0], "#2ca789", "#1a1d23", swatch=True) for each in ("gpt", "mistral")]
    figure = line_chart(PALETTE, hours(1), lines, FigureUnit.COUNT, zone="UTC").figure()
    first = figure.layout.annotations[0]
    assert first.text == '<span style="color:#2ca789">■</span> <b>gpt</b>  1'
    assert first.font.color == "#1a1d23"


def test_labels_at_the_ends_of_lines_have_room_for_the_longest() -> None:
    rooms = []
    for name in ("p95", "mistral-small-latest"):
        lines = [Line(each, [1.0, 2.0], "#111111", "#111111") for each in (name, "p50")]
        figure = line_chart(PALETTE, hours(2), lines, FigureUnit.COUNT, zone="UTC").figure()
        rooms.append(figure.layout.margin.r)
    assert rooms[0] == 92
    assert rooms[1] > 6 * len("mistral-small-latest  2")


def test_an_interval_that_is_not_over_is_hatched_and_a_past_one_is_not() -> None:
    now = clock.now()
    times = [now - timedelta(hours=number) for number in (3, 2, 1, 0)]
    for at, wanted in ((times, ["", "", "", "/"]), (times[:2], "")):
        bars = stacked_bars(PALETTE, at, {"a": [1.0] * len(at)}, FigureUnit.COUNT, zone="UTC")
        shape = bars.figure().data[0].marker.pattern.shape
        assert (list(shape) if isinstance(shape, tuple) else shape) == wanted


def test_a_long_name_at_the_end_of_a_line_leaves_room_for_the_line() -> None:
    lines = [
        Line("p" * 80, [1.0, 2.0], "#000000", "#000000"),
        Line("b", [1.0], "#000000", "#000000"),
    ]
    layout = line_chart(PALETTE, hours(2), lines, FigureUnit.COUNT, zone="UTC").figure().layout
    assert f"<b>{'p' * 23}…</b>" in [each.text.split("  ")[0] for each in layout.annotations]
    assert layout.margin.r < 220
