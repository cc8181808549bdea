"""Numbers are found in texts as people write them."""

import tracemalloc
from typing import Any

import pytest

from core.scoring.schemas import CaseToScore
from core.scoring.text_measures.number_texts import numbers_in
from tests.factories.scoring import scored, spec


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("It costs 1,234.50 dollars", [1234.5]),
        ("1.234.567,89 €", [1234567.89]),
        ("1,234,567", [1234567]),
        ("1 234 567,5", [1234567.5]),
        ("1\u202f234 or 1'234", [1234, 1234]),
        ("3,5 or 0,25 or 0.125", [3.5, 0.25, 0.125]),
        ("1.234", [1.234]),
        ("12,345.", [12345]),
        ("-5, +3 and −2", [-5, 3, -2]),
        ("10-5", [10, 5]),
        ("2024-01-05", [2024, 1, 5]),
        ("-$5.20 and $-5", [-5.2, -5]),
        ("GPT4 has 1.5e3 and 2 million and 3k", [1500, 2_000_000, 3000]),
        ("1.2 bn, 5kg", [1_200_000_000, 5]),
        ("no numbers", []),
        ("9" * 100, []),
    ],
)
def test_numbers_are_read(text: str, numbers: list[float]) -> None:
    assert [float(each.value) for each in numbers_in(text)] == numbers


@pytest.mark.parametrize(
    ("text", "unit", "numbers"),
    [
        ("3 people ate 2 kg in 45 min", "kg", [2]),
        ("5 kgs or 6 KG", "kg", [6]),
        ("$5 and 6 dollars and -$7", "$", [5, -7]),
        ("between 5% and 7 %, or 8", "%", [5, 7]),
        ("USD100 or 200 USD", "usd", [100, 200]),
        ("5k", "k", [5]),
        ("2 million €", "€", [2_000_000]),
        ("2 kg 45 min", "kg", [2]),
    ],
)
def test_with_a_unit_only_numbers_beside_it_count(
    text: str, unit: str, numbers: list[float]
) -> None:
    assert [float(each.value) for each in numbers_in(text, unit)] == numbers


@pytest.mark.parametrize(
    ("scorer", "text", "passed"),
    [
        ({"value": 0.3}, "0.1 + 0.2 = 0.3", True),
        ({"value": 42, "tolerance": 0.5}, "about 42.5", True),
        ({"value": 42, "tolerance": 0.5}, "about 42.51", False),
        ({"value": 200, "relative_tolerance": 0.1}, "180", True),
        ({"value": 200, "relative_tolerance": 0.1}, "179.9", False),
        ({"value": 5, "position": "last"}, "5 apples, then 6", False),
        ({"value": 6, "position": "last"}, "5 apples, then 6", True),
        ({"value": 6, "position": "first"}, "5 apples, then 6", False),
        ({"value": 6}, "5 apples, then 6", True),
        ({"value": 6, "unit": "kg"}, "6 apples", False),
        ({"value": 6, "negate": True}, "7", True),
        ({"value": 6}, "six", False),
        ({"unit": "km"}, "It is 1,200 km away, on day 3", True),
        ({"unit": " "}, "It is 1,200 km away", True),
        ({"value": 3, "unit": ""}, "on day 3", True),
    ],
)
def test_a_number_is_within_its_tolerance(scorer: dict[str, Any], text: str, passed: bool) -> None:
    case = CaseToScore(reference="1200")
    assert scored(spec("numeric", **scorer), text, case).passed is passed


@pytest.mark.parametrize("position", ["any", "first", "last"])
def test_the_numbers_of_a_long_answer_fill_no_memory(position: str) -> None:
    # 500,000 numbers took 205 MB, and four answers are scored at once
    answer = "1 " * 30_000
    tracemalloc.start()
    try:
        scored(spec("numeric", value=1, position=position), answer)
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()
