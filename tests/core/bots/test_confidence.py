"""Confidence: 100·(0.7·b + 0.3·alignment/100), an integer; null without an analysis."""

import pytest

from core.bots.judging import confidence


@pytest.mark.parametrize(
    ("finish_reason", "alignment", "expected"),
    [
        ("stop", 100, 86),
        ("end_turn", 100, 86),
        ("stop", 0, 56),
        ("length", 100, 72),
        ("length", 0, 42),
        ("max_tokens", 100, 72),
        (None, 50, 57),
        ("stop", 95, 85),  # 84.5: halves up
        ("stop", 1, 56),
    ],
)
def test_confidence_follows_the_formula(
    finish_reason: str | None, alignment: int, expected: int
) -> None:
    assert confidence(finish_reason, alignment) == expected


def test_without_an_analysis_there_is_no_confidence() -> None:
    assert confidence("stop", None) is None
