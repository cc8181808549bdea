"""Memory that compiled patterns take."""

import gc

from core.platform.patterns import compiled


def kept(ending: str) -> int:
    regexp = type(compiled("a"))
    gc.collect()
    return sum(type(it) is regexp and it.pattern.endswith(ending) for it in gc.get_objects())


def test_only_eight_patterns_that_take_more_than_a_mebibyte_are_kept() -> None:
    # 256 of up to 8 MiB were kept
    for number in range(12):
        assert compiled(rf"{number}\pL{{150}} large").search(f"{number}{'é' * 150} large")

    assert kept(" large") == 8


def test_fewer_than_200_other_patterns_are_kept() -> None:
    for number in range(300):
        assert compiled(f"{number} usual").search(f"{number} usual")

    assert 64 <= kept(" usual") < 200
