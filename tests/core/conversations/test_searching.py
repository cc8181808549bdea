"""Conversations are found by their texts, the same whether few or many match."""

from datetime import timedelta
from typing import Any

import pytest

from core.conversations.queries import conversations
from core.conversations.views import ConversationFilter, ConversationSummary
from core.database.db import transaction
from core.database.paging import Page, SortCursor, Window
from core.errors import Forbidden
from core.identity.schemas import Role
from core.presentation.periods import Period, Watched
from tests.factories.conversations import START, conversation, message, one, stored
from tests.factories.identity import person

pytestmark = pytest.mark.usefixtures("database")

WHOLE = Period(START - timedelta(days=1), START + timedelta(days=30))
FEW, MANY = 1, 10_000
WINDOW = Window()


def listed(
    wanted: ConversationFilter,
    role: Role = Role.REVIEWER,
    window: Window = WINDOW,
    after: SortCursor | None = None,
) -> Page[ConversationSummary]:
    with transaction() as session:
        actor = person(role).actor
        return conversations.list_conversations(
            session, wanted, WHOLE, Watched(), window=window, after=after, actor=actor
        )


def said(name: str, content: str, minutes: int = 0) -> dict[str, Any]:
    at = (START + timedelta(minutes=minutes)).isoformat()
    return {
        "id": name,
        "messages": [{"id": "m", "role": "user", "content": content, "created_at": at}],
    }


@pytest.mark.parametrize("most", [FEW, MANY])
@pytest.mark.parametrize(
    ("q", "names"),
    [
        ("cheese", ["c", "b", "a"]),
        ("CHEESE old", ["c", "a"]),
        ('"old cheese"', ["a"]),
        ("cheese -old", ["b"]),
        ("young or ripe", ["c", "b"]),
        ("cheesecake", []),
        ("", None),
    ],
)
def test_words_are_found_however_many_have_them(
    monkeypatch: pytest.MonkeyPatch, most: int, q: str, names: list[str] | None
) -> None:
    monkeypatch.setattr(conversations, "MOST_FOUND", most)
    stored(
        said("a", "an old cheese"),
        said("b", "a young cheese", 1),
        said("c", "cheese, old and ripe", 2),
        said("d", "milk", 3),
    )
    found = listed(ConversationFilter(q=q or None))
    expected = ["d", "c", "b", "a"] if names is None else names
    assert [each.external_id for each in found.items] == expected
    assert found.total_count == len(expected)


def test_a_word_at_the_very_end_of_a_long_message_is_not_searched_and_breaks_nothing() -> None:
    stored(said("a", "word " * 40_000 + "needle"))
    assert listed(ConversationFilter(q="needle")).items == []
    [found] = listed(ConversationFilter(q="word")).items
    assert found.hit is not None
    assert len("".join(part.text for part in found.hit.parts)) < 1000


def test_a_text_that_holds_the_marks_itself_gains_nothing() -> None:
    stored(said("a", "no\x02hit\x03 cheese \x03\x02"))
    [found] = listed(ConversationFilter(q="cheese")).items
    assert found.hit is not None
    assert [part.text for part in found.hit.parts if part.is_hit] == ["cheese"]


def test_the_next_page_begins_after_the_last_row() -> None:
    stored(*(said(f"c{number}", "x", number // 2) for number in range(6)))
    first = listed(ConversationFilter(), window=Window(3)).items
    after = (first[-1].last_message_at, first[-1].id)
    second = listed(ConversationFilter(), window=Window(3), after=after).items
    assert {each.external_id for each in [*first, *second]} == {f"c{number}" for number in range(6)}


def test_a_conversation_knows_who_answered_in_it_in_whatever_order_that_came() -> None:
    stored(conversation("c", messages=0, user_id="u") | {"messages": [message(1, model="b")]})
    stored(
        conversation("c", messages=0, user_id="u")
        | {"messages": [message(3, model="a"), message(5, model="b")]}
    )
    assert one("models") == ["a", "b"]
    assert [each.models for each in listed(ConversationFilter(model="a")).items] == [["a", "b"]]
    assert listed(ConversationFilter(model="c")).items == []
    stored(conversation("c", messages=0, user_id="u") | {"messages": [message(3, model="z")]})
    assert one("models") == ["b", "z"]


@pytest.mark.parametrize("role", [Role.ANALYST])
def test_what_is_said_is_not_for_everybody(role: Role) -> None:
    with pytest.raises(Forbidden):
        listed(ConversationFilter(), role)


@pytest.mark.parametrize(
    ("content", "q"),
    [
        ("No.Thank you", "thank"),
        ("see docs/refunds/policy", "refunds"),
        ("from anna@example.com", "example"),
        ("v2.Thanks", "thanks"),
        ("at https://example.com/cheese?kind=old", "cheese"),
        ("at example.com", "example.com"),
        ("it costs 3.14", "3.14"),
        ("a café.Thé", "thé"),
    ],
)
def test_words_are_found_between_punctuation_and_marked_where_they_stand(
    content: str, q: str
) -> None:
    # Postgres takes "No.Thank" for a host name
    stored(said("a", content))
    [found] = listed(ConversationFilter(q=q)).items
    assert found.hit is not None
    assert "".join(part.text for part in found.hit.parts) in content
    assert [part.text.casefold() for part in found.hit.parts if part.is_hit][:1] == [
        q.split(".com")[0]
    ]


def test_a_number_is_no_two_words() -> None:
    stored(said("a", "it costs 3.14"))
    assert listed(ConversationFilter(q="14")).items == []
