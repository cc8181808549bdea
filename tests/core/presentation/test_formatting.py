"""Figures as text: one unit each, and missing values are not zero."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from core.platform import clock
from core.presentation import formatting
from core.presentation.formatting import FigureUnit


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (8412, FigureUnit.COUNT, "8,412"),
        (72_759_608, FigureUnit.COUNT, "72.8M"),
        (2_400, FigureUnit.DURATION, "2.4 s"),
        (68_400_000, FigureUnit.DURATION, "19 h"),
        (0.814, FigureUnit.SHARE, "81.4%"),
        (0.0086, FigureUnit.SHARE, "0.86%"),
        (0, FigureUnit.SHARE, "0.0%"),
        (Decimal("412"), FigureUnit.MONEY, "$412.00"),
        (Decimal("0.0001"), FigureUnit.MONEY, "$0.0001"),
        (Decimal("0.00002345"), FigureUnit.MONEY, "$0.000023"),
        (Decimal("0.00000001"), FigureUnit.MONEY, "$0.00000001"),
        (0.00009999, FigureUnit.MONEY, "$0.0001"),
        *((None, unit, "n/a") for unit in FigureUnit),
    ],
)
def test_a_figure_has_its_unit(value: float | Decimal | None, unit: FigureUnit, said: str) -> None:
    assert formatting.figure(value, unit) == said


def test_days_have_their_year_unless_all_are_of_this_one() -> None:
    this = clock.now().year
    assert formatting.days(date(this, 10, 1), date(this, 10, 7)) == "1 Oct to 7 Oct"
    assert formatting.days(date(this, 10, 1), date(this, 10, 1)) == "1 Oct"
    assert formatting.days(date(2020, 1, 1), date(2020, 1, 1)) == "1 Jan 2020"
    new_year = formatting.days(date(this - 1, 12, 31), date(this, 1, 1))
    assert new_year == f"31 Dec {this - 1} to 1 Jan {this}"


def test_a_stretch_names_its_second_day_only_when_it_is_another() -> None:
    this = clock.now().year
    nine, noon, next_day = (
        datetime(this, 11, day, hour, tzinfo=UTC) for day, hour in ((18, 9), (18, 12), (19, 2))
    )
    assert formatting.stretch(nine, noon, "UTC") == "18 Nov 09:00 to 12:00"
    assert formatting.stretch(nine, next_day, "Europe/Berlin") == "18 Nov 10:00 to 19 Nov 03:00"


def test_a_stretch_has_its_year_unless_it_is_this_one() -> None:
    nine, next_day = (datetime(2020, 11, day, 9, tzinfo=UTC) for day in (18, 19))
    assert formatting.stretch(nine, nine, "UTC") == "18 Nov 2020 09:00 to 09:00"
    assert formatting.stretch(nine, next_day, "UTC") == "18 Nov 2020 09:00 to 19 Nov 2020 09:00"


def test_an_hour_that_clocks_show_twice_has_its_offset() -> None:
    first, second, next_hour = (datetime(2026, 10, 25, hour, tzinfo=UTC) for hour in (0, 1, 2))
    assert formatting.moment(first, "Europe/Berlin") == "25 Oct 02:00 UTC+02:00"
    assert formatting.moment(second, "Europe/Berlin") == "25 Oct 02:00 UTC+01:00"
    assert formatting.moment(next_hour, "Europe/Berlin") == "25 Oct 03:00"
    of_both = formatting.stretch(first, second, "Europe/Berlin")
    assert of_both.endswith(" 02:00 UTC+02:00 to 02:00 UTC+01:00")


@pytest.mark.parametrize(
    ("usd", "said"),
    [
        ("2.500000", "$2.50"),
        ("0.3", "$0.30"),
        ("10", "$10.00"),
        ("0.075", "$0.075"),
        ("1412.5", "$1,412.50"),
        ("0.000001", "$0.000001"),
    ],
)
def test_a_price_has_all_its_decimals_and_two_at_least(usd: str, said: str) -> None:
    assert formatting.price(Decimal(usd)) == said


def test_an_event_is_said_without_its_category() -> None:
    assert formatting.event("onboarding.login_success") == "login success"
