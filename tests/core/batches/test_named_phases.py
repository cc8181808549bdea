"""The phases that an error text names, found in little time whatever a sender calls them."""

import time

import pytest

from core.batches.named_phases import PhaseNames


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("Load Index: timeout", ["load index"]),
        ("load failed, then index; load again", ["load", "index"]),
        ("reload indexes preload_index", []),
        ("[embed] 429 in (load)", ["[embed]", "load"]),
        ("x[embed]", []),
        ("", []),
    ],
)
def test_phases_are_found_as_whole_words_and_the_longest_at_each(
    text: str, named: list[str]
) -> None:
    assert PhaseNames(["load", "index", "load index", "[embed]", ""]).in_text(text) == named


def test_many_phases_and_a_long_text_take_little_time() -> None:
    names = PhaseNames(f"{'abcdefghij'[number % 10]} a{number}" for number in range(24_000))
    began = time.thread_time()
    assert names.in_text("a a10 " + "a a " * 120_000) == ["a a10"]
    assert time.thread_time() - began < 10


def test_names_of_many_lengths_take_little_time() -> None:
    names = PhaseNames("a " * length + "b" for length in range(700))
    began = time.thread_time()
    assert names.in_text("a a " * 120_000) == []
    assert time.thread_time() - began < 10
