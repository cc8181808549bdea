"""KPIs show significant changes with a colour, and others as text only."""

from base64 import b64decode

import pytest
from streamlit.proto.Metric_pb2 import Metric
from streamlit.testing.v1 import AppTest

from core.presentation.comparison import ChangeVerdict
from pages._ui import kpis


def page(verdict: str, value: float, before: float | None, compared: float | None) -> None:
    """Draw one KPI."""
    from core.presentation.comparison import ChangeVerdict, Kpi  # noqa: PLC0415  AppTest runs these lines apart
    from core.presentation.formatting import FigureUnit  # noqa: PLC0415
    from pages._ui import kpis  # noqa: PLC0415

    values = {"value": value, "before": before, "compared": compared}
    kpis.draw(
        [
            Kpi(
                name="one",
                label="One",
                unit=FigureUnit.COUNT,
                verdict=ChangeVerdict(verdict),
                course=[1, 2],
                **values,
            )
        ]
    )


def drawn(
    verdict: ChangeVerdict, value: float, before: float | None = 100, compared: float | None = None
) -> Metric:
    app = AppTest.from_function(page, args=(verdict.value, value, before, compared)).run()
    assert not app.exception
    [metric] = app.metric
    return metric.proto


@pytest.mark.parametrize("verdict", [ChangeVerdict.NOISE, ChangeVerdict.UNKNOWN])
@pytest.mark.parametrize(
    ("value", "said"), [(106.2, "+6.2%"), (93.8, "-6.2%"), (100.0, "0.0%"), (788.0, "7.9×")]
)
def test_a_change_that_may_be_chance_is_not_marked(
    verdict: ChangeVerdict, value: float, said: str
) -> None:
    metric = drawn(verdict, value)
    assert (metric.delta, metric.direction, metric.color) == (said, Metric.NONE, Metric.GRAY)


@pytest.mark.parametrize(
    ("verdict", "colour"),
    [
        (ChangeVerdict.WORSE, Metric.ORANGE),
        (ChangeVerdict.BETTER, Metric.BLUE),
        (ChangeVerdict.DIFFERENT, Metric.BLUE),
    ],
)
def test_a_change_that_is_news_has_an_arrow_and_a_colour(
    verdict: ChangeVerdict, colour: int
) -> None:
    up, down = drawn(verdict, 106.2), drawn(verdict, 93.8)
    assert [up.delta, down.delta] == ["6.2%", "6.2%"]
    assert [up.direction, down.direction] == [Metric.UP, Metric.DOWN]
    assert up.color == down.color == colour


def test_the_change_is_of_what_is_compared_and_says_of_what() -> None:
    metric = drawn(ChangeVerdict.NOISE, 130, compared=110)
    assert metric.delta == "+10.0%"
    assert metric.help.startswith("Complete days only: 110. Previous period: 100.")


def test_what_was_never_there_is_new_and_what_nobody_knows_is_not() -> None:
    assert drawn(ChangeVerdict.UNKNOWN, 5, before=0).delta == "new"
    unknown = drawn(ChangeVerdict.UNKNOWN, 5, before=None)
    assert (unknown.delta, unknown.help) == ("", "No previous data to compare with.")


@pytest.mark.parametrize("before", [100, 0])
def test_no_change_is_shown_while_users_of_the_period_can_still_convert(before: float) -> None:
    # Users of the period before have had up to twice the time
    early = drawn(ChangeVerdict.EARLY, 20, before=before)
    assert (early.delta, early.direction, early.color, early.help) == (
        "too early",
        Metric.NONE,
        Metric.GRAY,
        "Too early to compare: users of this period can still convert.",
    )


def test_what_has_no_period_before_it_is_not_called_early() -> None:
    early = drawn(ChangeVerdict.EARLY, 20, before=None)
    assert (early.delta, early.help) == ("", "No previous data to compare with.")


def lines(open_days: int) -> list[tuple[int, bool]]:
    """Return the number of points of each line of a course of five days, and if it is dashed."""
    drawn = kpis.course([1.0, 2.0, 3.0, 2.0, 1.0], "", is_worse=False, open_days=open_days)
    picture = b64decode(drawn.split("base64,")[1].split("'")[0]).decode()
    return [
        (each.split('"')[1].count(","), "dasharray" in each)
        for each in picture.split("<polyline")[1:]
    ]


@pytest.mark.parametrize(
    ("open_days", "found"),
    [
        (0, [(5, False)]),
        (2, [(3, False), (3, True)]),
        (4, [(5, True)]),
        (5, [(5, True)]),
    ],
)
def test_the_course_of_days_that_can_still_rise_is_dashed(
    open_days: int, found: list[tuple[int, bool]]
) -> None:
    # Users of the last days have had less time: every recent line falls at its end
    assert lines(open_days) == found


def test_a_value_of_today_alone_is_too_early_to_compare_and_not_100_percent_less() -> None:
    metric = drawn(ChangeVerdict.UNKNOWN, 5, before=35, compared=0)
    assert metric.delta == "too early"
    assert "Complete days only: 0. Previous period: 35." in metric.help
    assert drawn(ChangeVerdict.UNKNOWN, 0, before=35, compared=0).delta == "-100.0%"
