"""The lines that name an evaluation's failed cases."""

import pytest

from attune_client.failed_cases import FailedCase


@pytest.mark.parametrize(("count", "words"), [(1, "1 call failed"), (2, "2 calls failed")])
def test_failed_calls_are_counted_in_words(count: int, words: str) -> None:
    case = FailedCase(3, "app: shop", passed=0, scored=0, failed_calls=count)
    assert case.line() == f"  case 3, app: shop: 0 of 0 passed, {words}"
