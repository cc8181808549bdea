"""What a bar of a chart over time is of, by when the bars begin."""

from datetime import UTC, datetime, timedelta

import pytest

from core.activity.charts import interval_of


@pytest.mark.parametrize(
    ("hours", "interval"), [(1, "hour"), (23, "day"), (24, "day"), (25, "day"), (7 * 24, "7 days")]
)
def test_bars_are_of_hours_a_day_or_several_days(hours: int, interval: str) -> None:
    start = datetime(2026, 3, 1, tzinfo=UTC)
    assert interval_of([start + number * timedelta(hours=hours) for number in range(3)]) == interval


def test_one_bar_is_of_a_day() -> None:
    assert interval_of([datetime(2026, 3, 1, tzinfo=UTC)]) == "day"
