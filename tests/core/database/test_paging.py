"""The total is counted only when the window does not imply it."""

import pytest

from core.database.paging import Window


def never() -> int:
    raise AssertionError("nothing need be counted")


@pytest.mark.parametrize(
    ("offset", "found", "total"), [(0, 0, 0), (0, 3, 3), (20, 3, 23), (0, 9, 9)]
)
def test_a_window_that_is_not_full_says_it_itself(offset: int, found: int, total: int) -> None:
    assert Window(10, offset).total(found, never) == total


@pytest.mark.parametrize(
    ("limit", "offset", "found"), [(10, 0, 10), (10, 20, 10), (10, 80, 0), (0, 0, 0)]
)
def test_a_full_one_and_one_behind_the_end_do_not(limit: int, offset: int, found: int) -> None:
    assert Window(limit, offset).total(found, lambda: 57) == 57


def test_a_count_from_before_is_never_less_than_what_is_seen() -> None:
    assert Window(10, 50).total(10, lambda: 57) == 60
