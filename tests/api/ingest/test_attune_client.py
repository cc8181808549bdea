"""attune_client with the real API: everything arrives once, also through a proxy that breaks
connections.
"""

import gzip
import time
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import func, select

from attune_client import Client
from attune_client.sender import Pace
from core.activity.ingest import pending_events
from core.activity.models.events import Event
from core.activity.models.users import User
from core.ai_metrics.models import AiRequest
from core.batches.models import BatchRunRecord
from core.conversations.models import Conversation, Message
from core.database.db import Database, transaction
from core.identity.schemas import Scope
from core.knowledge.models import Feedback
from tests.client.recorder import Fault, Recorder, recording
from tests.factories.keys import api_key

HURRIED = Pace(linger_s=0.01, first_wait_s=0.02, longest_wait_s=0.1)


@pytest.fixture
def client(database: object, address: str) -> Iterator[Client]:
    """Return a client with a key of staging."""
    with Client(
        address, api_key(environment="staging").key, app="shop", release="1.2", pace=HURRIED
    ) as made:
        yield made


def stored(table: Any, database: Database = Database.CORE) -> list[Any]:  # noqa: ANN401  whichever table
    with transaction(database) as session:
        return list(session.scalars(select(table)))


def test_events_and_requests_arrive_as_they_were_given(client: Client) -> None:
    client.track(
        "chat.session_start", user_id="ada", session_id="s", event_data={"from": "menu"}, plan="pro"
    )
    client.record_ai_request(
        "gpt-4o",
        provider="openai",
        input_tokens=1000,
        output_tokens=10,
        user_id="ada",
        total_latency_ms=5,
    )
    assert client.flush(20)
    pending_events.derive_all()
    [event], [request], [user] = stored(Event), stored(AiRequest), stored(User)
    assert (event.event_type, event.environment, event.app, event.release) == (
        "chat.session_start",
        "staging",
        "shop",
        "1.2",
    )
    assert event.event_data == {"from": "menu", "plan": "pro"}
    assert (request.model, request.cost_source, request.total_latency_ms) == (
        "gpt-4o",
        "price_table",
        5,
    )
    assert event.user_id == request.user_id == user.id
    assert (client.stats().sent, client.stats().failed) == (2, 0)


def test_a_conversation_that_is_sent_again_grows(client: Client) -> None:
    first = {"id": "m1", "role": "user", "content": "Hello"}
    client.record_conversation("c", [first], user_id="ada", session_type="support")
    assert client.flush(20)
    client.record_conversation("c", [first, {"id": "m2", "role": "assistant", "content": "Hi"}])
    client.feedback(1, conversation_id="c", message_id="m2", comment="kind")
    assert client.flush(20)
    [conversation] = stored(Conversation)
    assert (conversation.external_id, conversation.message_count, conversation.session_type) == (
        "c",
        2,
        "support",
    )
    assert sorted(each.content for each in stored(Message)) == ["Hello", "Hi"]
    [feedback] = stored(Feedback, Database.AI)
    assert (feedback.rating, feedback.comment) == (1, "kind")
    assert client.stats().failed == 0


def test_a_batch_run_ends_as_it_ended(client: Client) -> None:
    with client.batch_run("nightly", total_jobs=2, triggered_by="cron") as run, run.phase("load"):
        assert client.flush(20)
        [going_on] = stored(BatchRunRecord)
        assert (going_on.status, going_on.completed_at) == ("running", None)
        run.completed()
        run.failed()
    assert client.flush(20)
    [ended] = stored(BatchRunRecord)
    assert (ended.batch_run_id, ended.batch_job, ended.status, ended.environment) == (
        run.id,
        "nightly",
        "partial",
        "staging",
    )
    assert (ended.total_jobs, ended.completed_jobs, ended.failed_jobs) == (2, 1, 1)
    assert list(ended.phase_durations) == ["load"]
    assert client.stats().failed == 0


def test_rows_that_attune_refuses_do_not_hold_up_the_others(client: Client) -> None:
    client.track("a", created_at="2100-01-01T00:00:00Z")
    client.track("b")
    assert client.flush(20)
    assert [event.event_type for event in stored(Event)] == ["b"]
    assert (client.stats().sent, client.stats().failed) == (1, 1)


def test_a_key_that_may_not_is_given_up(database: object, address: str) -> None:
    with Client(address, api_key(Scope.READ).key, pace=HURRIED) as refused:
        refused.track("a")
        assert refused.flush(20)
        assert refused.stats().failed == 1


class Passing(Recorder):
    """Passes on to Attune what it takes, as a proxy would that loses answers."""

    def __init__(self, address: str, key: str) -> None:
        """Pass on in the name of a key."""
        super().__init__()
        self.onward = Client(address, key)

    def take(self, path: str, body: bytes) -> dict[str, Any]:
        """Pass rows on as they are."""
        super().take(path, body)
        answer = self.onward._sender.transport.post(  # noqa: SLF001
            path.removeprefix("/api/v1/ingest/"), gzip.decompress(body)
        )
        assert answer.status == 202
        return {"accepted": 1, "duplicates": 0, "rejected": []}


def test_lost_answers_count_nothing_twice(database: object, address: str) -> None:
    with (
        recording(Passing(address, api_key().key)) as proxy,
        Client(proxy.url, "atn_key", pace=HURRIED) as through,
    ):
        proxy.faults = [
            Fault(takes_rows=True, cuts=True),
            Fault(503, takes_rows=True),
            Fault(cuts=True),
        ] * 4
        for number in range(2000):
            through.track("a", number=number)
            if number % 200 == 0:
                time.sleep(0.02)
        assert through.flush(30)
        assert through.stats().sent == 2000
    with transaction() as session:
        numbers = session.scalar(
            select(func.count(func.distinct(Event.event_data["number"].as_integer())))
        )
        assert (numbers, session.scalar(select(func.count()).select_from(Event))) == (2000, 2000)
