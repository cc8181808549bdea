"""The conversations of the demo differ from each other, and every one of them reads to its end."""

import re
from itertools import combinations
from random import Random
from typing import Any

from core.imports.parsed import RowKind
from tests.core.demo.conftest import World
from tools.demo.conversations.script import CHOICE, FACT
from tools.demo.loaded import cheeses, situations, table

SHINGLE = 8


def words(talk: dict[str, Any]) -> list[str]:
    return " ".join(message["content"] for message in talk["messages"]).lower().split()


def shingles(talk: dict[str, Any]) -> set[tuple[str, ...]]:
    said = words(talk)
    return {tuple(said[start : start + SHINGLE]) for start in range(len(said) - SHINGLE + 1)}


def test_there_are_many_situations_and_all_of_them_come_up(world: World) -> None:
    assert len(situations()) >= 120
    assert len({situation.id for situation in situations()}) == len(situations())
    assert len({talk["context"]["topic"] for talk in world.of(RowKind.CONVERSATIONS)}) > 30


def test_no_two_conversations_are_made_of_the_same_sentences(world: World) -> None:
    sample = Random(3).sample(world.of(RowKind.CONVERSATIONS), 300)
    pieces = [shingles(talk) for talk in sample]
    shared = sorted(
        len(one & other) / max(1, min(len(one), len(other)))
        for one, other in combinations(pieces, 2)
        if min(len(one), len(other)) > 9
    )
    assert sum(shared) / len(shared) < 0.002
    assert shared[-1] < 0.85
    assert sum(share > 0.4 for share in shared) < 45


def test_they_begin_differently(world: World) -> None:
    first = [talk["messages"][0]["content"] for talk in world.of(RowKind.CONVERSATIONS)]
    assert len(set(first)) > 0.93 * len(first)


def test_no_text_has_a_gap_or_a_choice_left_in_it(world: World) -> None:
    said = [
        message["content"]
        for talk in world.of(RowKind.CONVERSATIONS)
        for message in talk["messages"]
    ]
    said += [
        row[name]
        for row in world.of(RowKind.FEEDBACK)
        for name in ("comment", "edited_text")
        if name in row
    ]
    said += [row["content"] for row in world.of(RowKind.MEMORIES)]
    for text in said:
        assert text.strip() == text
        assert text
        assert not CHOICE.search(text)
        assert not FACT.search(text)
        assert not re.search(r"  | [.,]|[^.]\.\.$", text)


def test_languages_are_those_of_the_users(world: World) -> None:
    languages = {row["id"]: row["traits"]["language"] for row in world.of(RowKind.USERS)}
    for talk in world.of(RowKind.CONVERSATIONS):
        assert talk["context"]["language"] in ("en", languages[talk["user_id"]])


def test_the_wheels_that_somebody_speaks_of_are_his(world: World) -> None:
    boards = {row["id"]: row["traits"]["wheels"] for row in world.of(RowKind.USERS)}
    names = [cheese.name for cheese in cheeses()]
    for talk in world.of(RowKind.CONVERSATIONS):
        if boards[talk["user_id"]]:
            text = " ".join(message["content"].lower() for message in talk["messages"])
            foreign = [
                name
                for name in names
                if name.lower() in text and name not in boards[talk["user_id"]]
            ]
            # The oldest of all is asked for by people without one
            assert set(foreign) <= {"Steinmandl"}


def test_people_come_from_many_places_and_have_made_up_addresses(world: World) -> None:
    users = world.of(RowKind.USERS)
    assert len({row["display_name"] for row in users}) > 2000
    assert len({row["traits"]["country"] for row in users}) >= 15
    assert len({row["email"] for row in users}) == len(users)
    assert all(
        re.search(r"@[a-z.]+\.(example|test)$|example\.(com|org|net)$", row["email"])
        for row in users
    )


def test_each_language_has_its_small_change() -> None:
    for lang in {situation.lang for situation in situations()}:
        assert {"days", "greetings", "thanks", "grumbles", "closings"} <= set(
            table("phrases")[lang]
        )
