"""Feedback rates conversations through the outbox, whichever arrives first."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import permutations
from typing import Any

import msgspec
import pytest
from sqlalchemy import text

from core.database.db import Database, transaction
from core.ingest.rows import RowSource, key_of, message_name
from core.jobs import outbox
from core.knowledge import jobs
from core.knowledge.feedback import ingest as feedback
from core.knowledge.schemas import NewFeedback
from tests.factories.conversations import START, conversation, message, one, stored

pytestmark = pytest.mark.usefixtures("database")

SOURCE = RowSource(environment="production", zone="UTC")
RATED = jobs.rate.__name__  # the import registers the handlers


def given(*rows: dict[str, Any]) -> int:
    with transaction(Database.AI) as session:
        return feedback.store(session, msgspec.convert(list(rows), list[NewFeedback]), SOURCE)


def said(number: int, **facts: Any) -> dict[str, Any]:  # noqa: ANN401  any JSON
    at = (START + timedelta(minutes=number)).isoformat()
    return {"id": f"f{number}", "created_at": at, "conversation_id": "c", **facts}


def relayed() -> None:
    while any([outbox.relay(database) for database in Database]):
        pass


def kept(column: str) -> list[Any]:
    with transaction(Database.AI) as session:
        return list(session.scalars(text(f"select {column} from ai_feedback order by external_id")))


def rating() -> tuple[Any, ...]:
    wanted = (
        "select user_rating, rating_scale, user_feedback from conversations where external_id = 'c'"
    )
    with transaction() as session:
        return tuple(session.execute(text(wanted)).one())


def test_a_conversation_knows_its_rating_after_the_outbox_has_told_it() -> None:
    stored(conversation("c"))
    given(said(1, rating=4, comment="good"))
    assert one("user_rating") is None
    relayed()
    assert rating() == (4, "five", "good")


def test_feedback_may_come_before_its_conversation() -> None:
    given(said(1, rating=-1))
    relayed()
    stored(conversation("c"))
    relayed()
    assert rating() == (-1, "thumbs", None)


def test_the_newest_counts_and_what_is_of_a_message_only_without_another() -> None:
    stored(conversation("c"))
    given(said(9, rating=-1, message_id="m1"), said(2, rating=5), said(1, rating=2))
    relayed()
    assert rating() == (5, "five", None)


def test_a_rating_of_nothing_we_know_changes_nothing() -> None:
    stored(conversation("c"))
    given(said(1, rating=5, conversation_id="other"), {"rating": 1})
    relayed()
    assert rating() == (None, None, None)


def test_a_message_alone_leads_to_its_conversation() -> None:
    stored(conversation("c", 3))
    given(said(1, rating=1, message_id="m1", conversation_id=None))
    relayed()
    assert rating() == (1, "thumbs", None)
    assert kept("message_id") == [key_of("message", message_name("c", "m1"))]


def test_a_message_of_two_conversations_leads_to_neither() -> None:
    stored(conversation("a", 1), conversation("b", 1))
    given(said(1, rating=1, message_id="m0", conversation_id=None))
    assert kept("conversation_id") == [None]


def test_a_message_that_comes_after_its_feedback_is_found() -> None:
    given(said(1, rating=1, message_id="m1", conversation_id=None))
    relayed()
    stored(conversation("c", 1))
    relayed()
    assert kept("conversation_id") == [None]
    stored(conversation("c", 3))
    relayed()
    assert kept("conversation_id") == [key_of("conversation", "c")]
    assert kept("message_id") == [key_of("message", message_name("c", "m1"))]
    assert rating() == (1, "thumbs", None)


def test_a_rating_of_a_name_that_a_second_message_takes_too_leads_to_neither() -> None:
    stored(conversation("c", 2))
    given(said(1, rating=-1, message_id="m1", conversation_id=None))
    relayed()
    assert rating() == (-1, "thumbs", None)
    stored(conversation("d", 2))
    relayed()
    assert (kept("conversation_id"), rating()) == ([None], (None, None, None))


@pytest.mark.parametrize("order", [*permutations(range(4))])
def test_the_order_of_arrival_changes_nothing(order: tuple[int, ...]) -> None:
    deeds: list[Callable[[], object]] = [
        lambda: given(
            said(1, rating=1, message_id="m0", conversation_id=None),
            said(2, rating=-1, message_id="m2", conversation_id=None),
        ),
        lambda: given(said(3, rating=4, message_id="m1", conversation_id="c", scale="five")),
        lambda: stored(conversation("c", 3)),
        lambda: stored(conversation("d", 1)),
    ]
    for number in order:
        deeds[number]()
        if sum(order[:2]) % 2:
            relayed()
    relayed()
    c, nobody = key_of("conversation", "c"), None
    assert kept("conversation_id") == [nobody, c, c]
    assert rating() == (4, "five", None)


def test_feedback_that_says_something_else_by_now_is_left_alone() -> None:
    given(said(1, rating=1, message_id="m1", conversation_id=None))
    given(
        said(1, rating=5, conversation_id="other")
        | {"created_at": (START + timedelta(hours=1)).isoformat()}
    )
    stored(conversation("c", 2))
    relayed()
    assert (kept("conversation_id"), kept("message_id")) == (
        [key_of("conversation", "other")],
        [None],
    )


def test_messages_and_their_feedback_at_once_find_each_other() -> None:
    def both(number: int) -> None:
        name = f"{number}"
        deeds: list[Callable[[], object]] = [
            lambda: given({"rating": 1, "message_id": name}),
            lambda: stored({"id": f"c{name}", "messages": [{**message(0), "id": name}]}),
        ]
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda deed: deed(), deeds))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(both, range(24)))
    relayed()
    assert sorted(kept("conversation_id")) == sorted(
        key_of("conversation", f"c{number}") for number in range(24)
    )


def test_our_own_ids_are_understood() -> None:
    stored(conversation("c", 2))
    ours, message = (
        str(key_of("conversation", "c")),
        str(key_of("message", message_name("c", "m1"))),
    )
    given(
        said(1, rating=1, conversation_id=ours, message_id="m1"),
        said(2, rating=1, conversation_id=None, message_id=message),
    )
    assert kept("conversation_id") == [key_of("conversation", "c")] * 2
    assert kept("message_id") == [key_of("message", message_name("c", "m1"))] * 2


def test_sent_again_it_is_the_same_and_a_newer_one_replaces_it() -> None:
    assert given(said(1, rating=1)) == 1
    assert given(said(1, rating=1)) == 0
    assert given(said(1, rating=-1) | {"created_at": (START + timedelta(hours=1)).isoformat()}) == 1
    assert kept("rating") == [-1]


def test_a_thumb_and_five_stars_are_told_apart() -> None:
    given(said(1, rating=1), said(2, rating=1, scale="five"), said(3, rating=3))
    assert kept("scale") == ["thumbs", "five", "five"]


def test_ratings_at_once_end_with_the_newest() -> None:
    stored(conversation("c"))
    with ThreadPoolExecutor(6) as pool:
        list(
            pool.map(
                lambda number: given(said(number, rating=1 + number % 5, scale="five")), range(30)
            )
        )
        list(pool.map(lambda _: relayed(), range(6)))
    assert one("user_rating") == 1 + 29 % 5
