"""Histories of the last messages only: each message is stored once, however many a request
repeats.
"""

from random import Random
from typing import Any

import pytest

from core.database import settings
from core.database.db import transaction
from core.ingest import redaction
from core.ingest.redaction import Mode, Redaction
from tests.factories.captured_messages import Said, call, said, take

TURNS = [
    ("hi", "hello"),
    ("and?", "well"),
    ("ok", "good"),
    ("ok", "good"),
    ("more", "well"),
    ("ok", "fine"),
    ("bye", "bye"),
]
WHOLE = [
    (role, words) for turn in TURNS for role, words in zip(("user", "assistant"), turn, strict=True)
]
pytestmark = pytest.mark.usefixtures("database")


def windows(size: int, *, system: str | None = None, strips: bool = False) -> list[dict[str, Any]]:
    """Return a call per turn, a minute apart, each with the last messages before its answer."""
    history: list[Said] = []
    made = []
    first = [("system", system)] if system else []
    for number, (words, answer) in enumerate(TURNS):
        history.append(("user", words))
        asked = first + history[-size:]
        made.append(call(asked, answer if strips else f"{answer}\n", ago_s=600 - 60 * number))
        history.append(("assistant", answer))
    return made


def stored() -> list[Said]:
    return [(role, words.strip()) for role, words in said()]


@pytest.mark.parametrize("size", range(3, 14))
def test_an_export_a_turn_stores_each_message_once(size: int) -> None:
    for each in windows(size):
        take(each)
    assert stored() == WHOLE


@pytest.mark.parametrize("size", [3, 4, 5, 8])
def test_one_export_of_all_turns_stores_each_message_once(size: int) -> None:
    take(*Random(size).sample(windows(size), k=len(TURNS)))
    assert stored() == WHOLE


@pytest.mark.parametrize("size", [3, 4, 5, 8])
def test_exports_of_several_turns_and_their_repetition_store_each_message_once(size: int) -> None:
    made = windows(size)
    for part in (made[:2], made[2:5], made[2:5], made[5:], made):
        take(*part)
    assert stored() == WHOLE


def test_the_system_message_before_each_window_is_stored_once() -> None:
    for each in windows(4, system="Be kind."):
        take(each)
    assert stored() == [("system", "Be kind."), *WHOLE]


def test_a_call_with_a_longer_window_adds_its_answer_alone() -> None:
    take(*windows(4, strips=True))
    take(call(WHOLE[-8:-1], "farewell", ago_s=100))
    assert sorted(stored()) == sorted([*WHOLE, ("assistant", "farewell")])


def test_a_window_that_arrives_late_repeats_nothing() -> None:
    made = windows(5)
    take(*made[:3], *made[4:])
    take(made[3])
    assert stored() == WHOLE


def test_what_is_stored_redacted_is_found_too() -> None:
    redaction.redactor_cache.clear()
    with transaction() as session:
        settings.write(session, Redaction(mode=Mode.MASK), by=None)
    try:
        mail = ("user", "I am ada@example.com")
        take(call([mail], "Hello", ago_s=90))
        take(call([mail, ("assistant", "Hello"), ("user", "Well?")], "Yes", ago_s=60))
        window = [("assistant", "Hello"), ("user", "Well?"), ("assistant", "Yes"), mail]
        take(call(window, "I know", ago_s=30))
        take(call([*window[2:], ("assistant", "I know"), ("user", "Bye")], "Bye", ago_s=10))
    finally:
        redaction.redactor_cache.clear()
    words = [each for _, each in said()]
    assert words[1:4] == ["Hello", "Well?", "Yes"]
    assert words[4] == words[0] != mail[1]
    assert words[5:] == ["I know", "Bye", "Bye"]
