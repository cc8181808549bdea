"""A period is read from rollups of days and half hours, and raw rows at its edges."""

from datetime import UTC, datetime

from core.presentation.periods import Period, last_days
from core.presentation.rollup_pieces import Pieces, pieces


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def test_a_period_is_cut_into_whole_days_half_hours_and_what_is_left() -> None:
    found = pieces(Period(at("2026-03-10T10:07+00:00"), at("2026-03-13T01:10+00:00")))
    assert found.days == [Period(at("2026-03-11T00:00+00:00"), at("2026-03-13T00:00+00:00"))]
    assert found.half_hours == [
        Period(at("2026-03-10T10:30+00:00"), at("2026-03-11T00:00+00:00")),
        Period(at("2026-03-13T00:00+00:00"), at("2026-03-13T01:00+00:00")),
    ]
    assert found.unfolded == [Period(at("2026-03-10T10:30+00:00"), at("2026-03-13T01:00+00:00"))]
    assert found.raw == [
        Period(at("2026-03-10T10:07+00:00"), at("2026-03-10T10:30+00:00")),
        Period(at("2026-03-13T01:00+00:00"), at("2026-03-13T01:10+00:00")),
    ]


def test_less_than_half_an_hour_is_all_raw_and_whole_days_have_no_edges() -> None:
    short = Period(at("2026-03-10T10:07+00:00"), at("2026-03-10T10:29+00:00"))
    assert pieces(short) == Pieces([], [], [], [short])
    whole = last_days(3, zone="Asia/Kolkata")
    assert pieces(whole) == Pieces([whole], [], [whole], [])
    assert pieces(whole, by_day=False) == Pieces([], [whole], [whole], [])
