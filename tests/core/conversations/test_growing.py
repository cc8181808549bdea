"""A conversation that is sent again grows; its counts stay correct for any order and repetition."""

import random
from datetime import timedelta
from decimal import Decimal

import pytest

from tests.factories.conversations import (
    START,
    column,
    conversation,
    forget,
    message,
    one,
    stored,
    stored_at_once,
    tables,
)

LONG = "x" * 600_000  # two of them are more than a row may have

pytestmark = pytest.mark.usefixtures("database")


def test_a_conversation_is_stored_with_its_messages_in_order() -> None:
    messages = [message(1, tokens=7, cost_usd="0.002"), message(0, tokens=5, cost_usd="0.001")]
    assert (
        stored(
            conversation(messages=0)
            | {"messages": messages, "title": "Help", "session_type": "customer_support"}
        )
        == 1
    )
    assert column("content") == ["text 0", "text 1"]
    assert column("position") == [0, 1]
    assert one("message_count") == 2
    assert one("total_tokens") == 12
    assert one("total_cost_usd") == Decimal("0.003")
    assert one("last_message_at") == START + timedelta(minutes=1)
    assert one("created_at") == START
    assert one("source") == "api"


def test_sent_again_with_more_messages_it_grows() -> None:
    stored(conversation(messages=2))
    assert stored(conversation(messages=5)) == 1
    assert column("content") == [f"text {number}" for number in range(5)]
    assert one("message_count") == 5


def test_sent_again_with_nothing_new_it_counts_for_nothing() -> None:
    stored(conversation(messages=3, title="Help", context={"plan": "pro"}))
    before = tables()
    assert stored(conversation(messages=3, title="Help", context={"plan": "pro"})) == 0
    assert tables() == before


def test_new_messages_alone_are_enough() -> None:
    stored(conversation(messages=2))
    assert stored({"id": "c", "messages": [message(2)]}) == 1
    assert column("content") == ["text 0", "text 1", "text 2"]


def test_one_batch_may_hold_new_conversations_and_those_that_grow() -> None:
    stored(conversation("a", 5), conversation("b", 3))
    once = tables()
    forget()
    stored(conversation("a", 2))
    assert stored(conversation("b", 3), conversation("a", 5)) == 2
    assert tables() == once


def test_a_conversation_of_which_nothing_was_said_yet() -> None:
    at = START.isoformat()
    assert (
        stored({"id": "c", "created_at": at, "title": "Help", "context": {"plan": {"name": "pro"}}})
        == 1
    )
    assert (one("message_count"), one("last_message_at"), one("created_at")) == (0, START, START)
    assert (one("title"), one("context"), one("models")) == ("Help", {"plan": {"name": "pro"}}, [])


def test_a_message_that_comes_late_takes_its_place_in_time() -> None:
    stored({"id": "c", "messages": [message(0), message(3)]})
    stored({"id": "c", "messages": [message(1)]})
    assert column("external_id") == ["m0", "m1", "m3"]
    assert column("position") == [0, 1, 2]


def test_messages_of_one_moment_stand_as_they_were_sent() -> None:
    at = START.isoformat()
    names = ["m9", "m1", "m5"]
    stored({"id": "c", "messages": [message(0, created_at=at) | {"id": name} for name in names]})
    assert column("external_id") == names


def test_a_message_that_was_completed_is_replaced_and_loses_nothing() -> None:
    stored({"id": "c", "messages": [message(1, content="half an", tokens=3, model="m")]})
    stored({"id": "c", "messages": [message(1, content="half an answer", latency_ms=12)]})
    assert column("content") == ["half an answer"]
    assert (column("tokens"), column("model"), column("latency_ms")) == ([3], ["m"], [12])
    assert one("message_count") == 1


def test_a_report_without_the_text_leaves_it_as_it_is() -> None:
    told = message(1)
    late = {name: value for name, value in message(1, tokens=3).items() if name != "content"}
    stored({"id": "c", "messages": [told]})
    stored({"id": "c", "messages": [late]})
    stored({"id": "d", "messages": [told, late]})
    assert column("content", by="id") == ["text 1", "text 1"]
    assert column("tokens", by="id") == [3, 3]


def test_a_text_that_is_told_to_be_empty_is() -> None:
    stored({"id": "c", "messages": [message(1)]})
    stored({"id": "c", "messages": [message(1, content="")]})
    assert column("content") == [""]


@pytest.mark.parametrize("at_once", [True, False])
def test_metadata_that_reports_add_up_to_stays_as_small_as_a_row_may_be(*, at_once: bool) -> None:
    # Rows of 1 MiB with other fields each made one of 54 MB, which each further row read
    reports = [
        conversation(messages=0) | {"messages": [message(0, metadata={name: LONG})]}
        for name in ("first", "second")
    ]
    for batch in [reports] if at_once else [[report] for report in reports]:
        stored(*batch)
    assert list(one("metadata", "messages")) == ["second"]


def test_the_same_id_in_two_conversations_is_two_messages() -> None:
    stored(conversation("a", 2), conversation("b", 2))
    assert len(column("id")) == 4


def test_ids_that_read_the_same_together_are_two_messages() -> None:
    stored(
        {"id": "a/b", "messages": [message(0) | {"id": "c"}]},
        {"id": "a", "messages": [message(0) | {"id": "b/c"}]},
    )
    assert column("message_count", "conversations", by="id") == [1, 1]


def test_a_message_twice_in_one_batch_is_one_message() -> None:
    given = {"id": "c", "messages": [message(0, tokens=3), message(0, content="later")]}
    stored(given, {"id": "c", "messages": [message(0, content="last")]})
    assert (column("content"), column("tokens")) == (["last"], [3])


def test_the_newest_title_holds_even_when_it_comes_first() -> None:
    old, new = (
        conversation(messages=1, title="old", context={"a": 1, "b": 1}),
        conversation(messages=3, title="new", context={"b": 2}),
    )
    stored(new)
    stored(old)
    assert one("title") == "new"
    assert one("context") == {"a": 1, "b": 2}


def test_what_is_not_said_again_is_kept() -> None:
    stored(conversation(messages=1, title="Help", app="shop", environment="staging"))
    stored({"id": "c", "messages": [message(1)]})
    assert (one("title"), one("app"), one("environment")) == ("Help", "shop", "staging")


def test_its_user_is_known_from_then_on() -> None:
    stored({"id": "c", "messages": [message(0), message(1000)]})
    assert column("external_id", "users", by="1") == []
    stored({"id": "c", "user_id": "ada", "messages": [message(2000)]})
    assert column("external_id", "users", by="1") == ["ada"]
    assert one("first_seen_at", "users") == START
    assert one("last_seen_at", "users") == START + timedelta(minutes=2000)
    assert len(column("day", "user_days", by="1")) == 2


@pytest.mark.parametrize("seed", range(8))
def test_shuffled_split_replayed_and_at_once_the_same_is_stored(seed: int) -> None:
    chance = random.Random(seed)
    whole = [
        conversation(name, 0)
        | {
            "messages": [
                message(number, tokens=number, cost_usd=f"0.00{number}") for number in range(9)
            ],
            "title": f"of {name}",
        }
        for name in "abcde"
    ]
    stored(*whole)
    expected = tables()
    with_parts = [
        each | {"messages": chance.sample(each["messages"], 4)} if chance.random() < 0.8 else each
        for each in whole * 6
    ]
    chance.shuffle(with_parts)
    forget()
    pieces = [with_parts[first : first + 5] for first in range(0, 30, 5)] + [
        [each] for each in whole
    ]
    # As sent: places within what is sent differ, so only the moments decide.
    stored_at_once(pieces, writers=4)
    assert _without_sequence(tables()) == _without_sequence(expected)


def _without_sequence(
    found: dict[str, list[tuple[object, ...]]],
) -> dict[str, list[tuple[object, ...]]]:
    return found | {"messages": [row[:3] + row[4:] for row in found["messages"]]}
