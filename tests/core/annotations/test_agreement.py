"""Agreement of reviewers, compared with a published example and with another library."""

import math
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence
from typing import Literal

import krippendorff
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.annotations.agreement import Pattern, agreement, disagreements

NONE = None
# Krippendorff (2011), Computing Krippendorff's Alpha-Reliability, example C: four observers, twelve
# units, values missing. Published: nominal 0.743, ordinal 0.815; his nominal formula gives exactly
# 113/152.
PUBLISHED: list[list[int | None]] = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, NONE, NONE, NONE],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, NONE, 3],
    [NONE, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, NONE],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, NONE],
]
VALUES = ["1", "2", "3", "4", "5"]
# The same paper, example A: two observers, ten units, two values. Published: 0.095.
TWO = [[0, 1, 0, 0, 0, 0, 0, 0, 1, 0], [1, 1, 1, 0, 0, 1, 0, 0, 0, 0]]
# Example B: two observers, twelve units, nominal. Published: 0.692.
LETTERS = [
    ["a", "a", "b", "b", "d", "c", "c", "c", "e", "d", "d", "a"],
    ["b", "a", "b", "b", "b", "c", "c", "c", "e", "d", "d", "d"],
]


def said_in(table: list[list[int | None]]) -> list[tuple[int, str]]:
    return [
        (unit, str(value)) for row in table for unit, value in enumerate(row) if value is not None
    ]


def patterns_of(
    judgements: Iterable[tuple[Hashable, str]], values: Sequence[str]
) -> Counter[Pattern]:
    """Count units by their number of judgements per value, as the query of the summary does."""
    counts: dict[Hashable, list[int]] = defaultdict(lambda: [0] * len(values))
    for unit, value in judgements:
        counts[unit][values.index(value)] += 1
    return Counter(tuple(each) for each in counts.values())


def library(table: list[list[int | None]], level: Literal["nominal", "ordinal"]) -> float:
    plain = [[math.nan if value is None else float(value) for value in row] for row in table]
    return float(krippendorff.alpha(plain, level_of_measurement=level))


def test_alpha_is_the_published_one_to_four_decimals() -> None:
    found = agreement(patterns_of(said_in(PUBLISHED), VALUES))
    assert found.alpha == pytest.approx(113 / 152, abs=1e-12)
    assert f"{found.alpha:.4f}" == "0.7434"
    assert (found.units, found.judgements) == (11, 40)


def test_ordered_values_have_the_published_alpha_too() -> None:
    found = agreement(patterns_of(said_in(PUBLISHED), VALUES), is_ordered=True)
    assert found.alpha is not None
    assert round(found.alpha, 4) == 0.8154


def test_two_observers_and_two_values_have_the_published_alpha() -> None:
    found = agreement(
        patterns_of(
            [(unit, str(value)) for row in TWO for unit, value in enumerate(row)], ["0", "1"]
        )
    )
    assert found.alpha == pytest.approx(2 / 21, abs=1e-12)
    assert (found.unanimous, found.units) == (0.6, 10)


def test_two_observers_and_five_letters_have_the_published_alpha() -> None:
    said = [(unit, value) for row in LETTERS for unit, value in enumerate(row)]
    found = agreement(patterns_of(said, ["a", "b", "c", "d", "e"]))
    assert found.alpha is not None
    assert round(found.alpha, 3) == 0.692


tables = st.integers(1, 12).flatmap(
    lambda units: st.lists(
        st.lists(st.sampled_from([None, 1, 2, 3, 4]), min_size=units, max_size=units),
        min_size=2,
        max_size=5,
    )
)


@given(tables, st.booleans())
def test_any_table_has_the_alpha_of_the_library(
    table: list[list[int | None]], is_ordered: bool
) -> None:
    found = agreement(patterns_of(said_in(table), VALUES), is_ordered=is_ordered)
    shared = [
        unit for unit in zip(*table, strict=True) if sum(value is not None for value in unit) >= 2
    ]
    if len({value for unit in shared for value in unit if value is not None}) < 2:
        assert found.alpha is None
    else:
        assert found.alpha == pytest.approx(
            library(table, "ordinal" if is_ordered else "nominal"), abs=1e-9
        )


def test_nobody_agrees_or_disagrees_where_each_judged_alone() -> None:
    found = agreement(patterns_of([(1, "a"), (2, "b")], ["a", "b"]))
    assert (found.units, found.judgements, found.alpha, found.unanimous) == (0, 0, None, None)


def test_where_all_have_always_said_the_same_alpha_says_nothing() -> None:
    found = agreement({(2, 0): 50})
    assert (found.alpha, found.alpha_low, found.alpha_high) == (None, None, None)
    assert found.unanimous == 1.0


def test_under_ten_units_there_are_no_bounds() -> None:
    found = agreement({(2, 0): 4, (1, 1): 5})
    assert found.units == 9
    assert found.alpha is not None
    assert (found.alpha_low, found.unanimous_low) == (None, None)


def test_bounds_hold_alpha_between_them_and_narrow_with_more_units() -> None:
    few, many = (
        agreement({(2, 0): 20, (1, 1): 10, (0, 2): 20}),
        agreement({(2, 0): 2000, (1, 1): 1000, (0, 2): 2000}),
    )
    for found in (few, many):
        assert found.alpha is not None
        assert found.alpha_low is not None
        assert found.alpha_high is not None
        assert found.alpha_low < found.alpha < found.alpha_high
    assert width(many) < width(few) / 5
    assert agreement({(2, 0): 20, (1, 1): 10, (0, 2): 20}) == few


def width(found: object) -> float:
    return float(getattr(found, "alpha_high") - getattr(found, "alpha_low"))  # noqa: B009  either may be None to mypy


def test_perfect_agreement_is_one() -> None:
    found = agreement({(3, 0): 10, (0, 3): 10})
    assert (found.alpha, found.alpha_low, found.alpha_high) == (1.0, 1.0, 1.0)


def test_what_is_taken_for_what_is_counted_in_pairs_of_reviewers() -> None:
    found = disagreements(
        {(2, 1, 0): 3, (1, 0, 1): 2, (3, 0, 0): 9}, ["flag", "approved", "correction"]
    )
    assert [(each.one, each.other, each.pairs, each.share) for each in found] == [
        ("flag", "approved", 6, 0.75),
        ("flag", "correction", 2, 0.25),
    ]
