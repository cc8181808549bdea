"""Conversations from captured spans: the whole history arrives each time, and each message is
stored once.
"""

import json
from concurrent.futures import ThreadPoolExecutor
from random import Random
from typing import Any

import pytest
from sqlalchemy import delete, select

from core.ai_metrics.models import AiRequest
from core.conversations.models import Conversation, Message
from core.database.db import transaction
from tests.factories.captured_messages import Said, call, said, take, text
from tests.factories.spans import CHAT, packed, span, take_in

TURNS = [("hi", "hello"), ("and?", "well"), ("ok", "good"), ("ok", "good")]
TRACE = "ab" * 16
pytestmark = pytest.mark.usefixtures("database")


def calls(
    turns: list[Said], conversation: str = "c", user: str | None = None
) -> list[dict[str, Any]]:
    """Return a call per turn, a minute apart, each with all earlier messages."""
    history: list[Said] = []
    made = []
    for number, (words, answer) in enumerate(turns):
        history = [*history, ("user", words)]
        made.append(
            call(history, answer, conversation=conversation, user=user, ago_s=600 - 60 * number)
        )
        history = [*history, ("assistant", answer)]
    return made


def everything() -> list[Any]:
    """Return the stored conversations and messages, without arrival times."""
    with transaction() as session:
        return [
            {
                each.key: getattr(row, each.key)
                for each in row.__mapper__.attrs
                if each.key not in ("received_at", "told")
            }
            for table in (Conversation, Message)
            for row in session.scalars(select(table).order_by(table.id))
        ]


def forget() -> None:
    with transaction() as session:
        for table in (Message, Conversation, AiRequest):
            session.execute(delete(table))


WHOLE = [
    (role, words) for turn in TURNS for role, words in zip(("user", "assistant"), turn, strict=True)
]


def test_one_export_of_a_whole_conversation() -> None:
    take(*calls(TURNS))
    assert said() == WHOLE


def test_an_export_a_turn() -> None:
    for each in calls(TURNS):
        take(each)
    assert said() == WHOLE


def test_an_export_with_a_conversation_that_grows_and_a_new_one() -> None:
    known, new = calls(TURNS), calls(TURNS, "d")
    take(*known, *new)
    once = everything()
    forget()
    take(*known[:2])
    take(*known[2:], *new)
    assert (said("c"), said("d")) == (WHOLE, WHOLE)
    assert everything() == once


@pytest.mark.parametrize("seed", range(6))
def test_order_and_repetition_change_nothing(seed: int) -> None:
    turns = calls(TURNS)
    take(*turns)
    once = everything()
    forget()
    for each in Random(seed).sample(turns * 2, k=2 * len(turns)):
        take(each)
    assert said() == WHOLE
    assert everything() == once


def test_a_history_that_was_rewritten_keeps_what_both_have() -> None:
    take(call([("user", "hi")], "hello", ago_s=60))
    take(call([("user", "hi"), ("assistant", "hello, dear"), ("user", "thanks")], None, ago_s=30))
    assert said() == [
        ("user", "hi"),
        ("assistant", "hello"),
        ("assistant", "hello, dear"),
        ("user", "thanks"),
    ]


def test_a_system_message_that_tells_the_time_does_not_begin_anew() -> None:
    take(call([("system", "10:00"), ("user", "hi")], "hello", ago_s=60))
    take(
        call(
            [("system", "10:01"), ("user", "hi"), ("assistant", "hello"), ("user", "bye")],
            "bye",
            ago_s=30,
        )
    )
    assert [each for each in said() if each[0] != "system"] == [
        *WHOLE[:2],
        ("user", "bye"),
        ("assistant", "bye"),
    ]
    assert [words for role, words in said() if role == "system"] == ["10:00", "10:01"]


def test_an_answer_carries_what_its_request_cost() -> None:
    take(call([("user", "hi")], "hello"))
    with transaction() as session:
        request = session.scalars(select(AiRequest)).one()
        answer = session.get_one(Message, request.message_id)
        conversation = session.get_one(Conversation, request.conversation_id)
        assert (answer.content, answer.model, answer.tokens, answer.latency_ms) == (
            "hello",
            "gpt-4o",
            12,
            800,
        )
        assert answer.cost_usd == request.cost_usd == conversation.total_cost_usd
        assert request.cost_usd
        assert (conversation.source, conversation.total_tokens, conversation.app) == (
            "otlp",
            12,
            "shop",
        )


def test_without_a_conversation_a_trace_is_one() -> None:
    one, other = (
        call([("user", words)], "fine", conversation=None, trace=TRACE) for words in ("hi", "and?")
    )
    take(one, other, call([("user", "elsewhere")], None, conversation=None))
    assert sorted(said(TRACE)) == [
        ("assistant", "fine"),
        ("assistant", "fine"),
        ("user", "and?"),
        ("user", "hi"),
    ]


def test_without_captured_words_there_is_no_conversation() -> None:
    take(span(CHAT | {"gen_ai.conversation.id": "c"}), span(CHAT))
    with transaction() as session:
        assert session.scalars(select(Conversation)).all() == []
        assert sorted(
            row.conversation_id is None for row in session.scalars(select(AiRequest))
        ) == [False, True]


def test_a_sender_who_says_nothing_of_itself() -> None:
    take(call([("user", "hi")], "hello"), resource={})
    with transaction() as session:
        found = session.scalars(select(Conversation)).one()
        assert (found.environment, found.app, found.release) == ("production", "", "")


def test_two_answers_to_one_question() -> None:
    both = json.dumps([text("assistant", "yes"), text("assistant", "no")])
    asked = {
        "gen_ai.input.messages": json.dumps([text("user", "well?")]),
        "gen_ai.conversation.id": "c",
    }
    take(span(CHAT | asked | {"gen_ai.output.messages": both}, ago_s=60))
    take(call([("user", "well?"), ("assistant", "no"), ("user", "why?")], "because", ago_s=30))
    assert sorted(said()[1:3]) == [("assistant", "no"), ("assistant", "yes")]
    assert said()[3:] == [("user", "why?"), ("assistant", "because")]


def test_a_span_that_ends_before_it_starts_or_never() -> None:
    never, before = (
        call([("user", words)], "fine", conversation=words) for words in ("never", "before")
    )
    take(never | {"endTimeUnixNano": "0"}, before | {"endTimeUnixNano": "5"})
    assert said("never") == [("user", "never"), ("assistant", "fine")]
    assert said("before") == [("user", "before"), ("assistant", "fine")]


def test_exports_at_once_store_what_they_store_one_by_one() -> None:
    spoken = [
        each
        for number in range(5)
        for each in calls(TURNS, conversation=f"c{number}", user=f"u{number % 3}")
    ]
    silent = [span(CHAT | {"user.id": f"u{number}"}) for number in range(3)]
    exports = [Random(number).sample(spoken, k=12) + silent for number in range(12)]
    for each in exports:
        take(*each)
    one_by_one = everything()
    forget()
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda each: take(*each), exports))
    assert everything() == one_by_one


def test_a_span_of_an_environment_that_names_a_release_is_refused() -> None:
    place = {"deployment.environment.name": "production\x1fv1"}
    refused = take_in(packed(span(CHAT), resource=place)).refused
    assert refused == {"environment: contains the character U+001F": 1}


def test_more_tokens_than_a_column_holds_are_stored_as_the_most_that_it_does() -> None:
    most = 2**31 - 1
    given = {
        "gen_ai.usage.input_tokens": most,
        "gen_ai.usage.output_tokens": most,
        "gen_ai.input.messages": json.dumps([text("user", "hi")]),
        "gen_ai.output.messages": json.dumps([text("assistant", "hello")]),
        "gen_ai.conversation.id": "c",
    }
    take(span(CHAT | given))
    with transaction() as session:
        assert session.scalars(select(Message.tokens).where(Message.role == "assistant")).one() == (
            most
        )
