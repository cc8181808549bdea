"""What a key figure says of its change: marked when it is news, in words alone when it may be chance."""

import pytest
from streamlit.proto.Metric_pb2 import Metric
from streamlit.testing.v1 import AppTest

from core.comparison import Verdict


def page(verdict: str, value: float) -> None:
    """Draw one tile."""
    from core.comparison import Tile, Verdict  # noqa: PLC0415  AppTest runs these lines apart
    from core.words import Unit  # noqa: PLC0415
    from pages._ui import tiles  # noqa: PLC0415

    one = Tile(name="one", label="One", unit=Unit.COUNT, value=value, before=100, verdict=Verdict(verdict), course=[1, 2])
    tiles.draw([one])


def drawn(verdict: Verdict, value: float) -> Metric:
    app = AppTest.from_function(page, args=(verdict.value, value)).run()
    assert not app.exception
    [metric] = app.metric
    return metric.proto


@pytest.mark.parametrize("verdict", [Verdict.NOISE, Verdict.UNKNOWN])
@pytest.mark.parametrize(("value", "said"), [(106.2, "+6.2%"), (93.8, "-6.2%"), (100.0, "0.0%"), (788.0, "7.9×")])
def test_a_change_that_may_be_chance_is_not_marked(verdict: Verdict, value: float, said: str) -> None:
    metric = drawn(verdict, value)
    assert (metric.delta, metric.direction, metric.color) == (said, Metric.NONE, Metric.GRAY)


@pytest.mark.parametrize(
    ("verdict", "colour"), [(Verdict.WORSE, Metric.ORANGE), (Verdict.BETTER, Metric.BLUE), (Verdict.DIFFERENT, Metric.BLUE)]
)
def test_a_change_that_is_news_has_an_arrow_and_a_colour(verdict: Verdict, colour: int) -> None:
    up, down = drawn(verdict, 106.2), drawn(verdict, 93.8)
    assert [up.delta, down.delta] == ["6.2%", "6.2%"]
    assert [up.direction, down.direction] == [Metric.UP, Metric.DOWN]
    assert up.color == down.color == colour
