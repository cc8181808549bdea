"""Rows whose names are as long as an index can hold are stored and counted; one with longer names
is rejected alone.
"""

import random
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest

from core.activity.ingest import pending_events
from core.activity.ingest import rollups as event_rollups
from core.ai_metrics.ingest import rollups as request_rollups
from core.database.db import transaction
from core.embedded.postgres import Postgres
from core.ingest.rows import MOST_NAME_BYTES
from core.platform import clock
from core.platform.ids import new_id
from tests.factories.keys import api_key, bearing

Row = dict[str, Any]
PLACE = {"environment": 200, "app": 500, "release": 500}
REFERENCE = {
    "prompt_name": 128,
    "prompt_version": 128,
    "experiment_key": 128,
    "experiment_arm": 128,
}


@pytest.fixture
def sender(address: str, database: Postgres) -> Iterator[httpx2.Client]:
    with httpx2.Client(
        base_url=f"{address}/api/v1/ingest", headers=bearing(api_key()), trust_env=False, timeout=60
    ) as client:
        yield client


def name(length: int) -> str:
    """Return letters of three bytes, which Postgres cannot compress."""
    return "".join(chr(random.randint(0x4E00, 0x9FA5)) for _ in range(length))


def row(**more: object) -> Row:
    at = clock.now().isoformat()
    return {"id": new_id().hex, "created_at": at, "user_id": name(128), **more}


def event(share: float) -> Row:
    return row(**names(share, PLACE, {"event_type": 200, "error_code": 500, "session_id": 128}))


def ai_request(share: float) -> Row:
    own = names(share, PLACE, REFERENCE, {"provider": 200, "model": 200, "error_type": 200})
    return row(**own, tool_calls=[{"name": name(200)}])


def conversation(share: float) -> Row:
    said = {"id": "m", "role": "assistant", "created_at": clock.now().isoformat(), "content": "x"}
    return row(**names(share, PLACE), messages=[said | names(share, REFERENCE, {"model": 200})])


def names(share: float, *lengths: dict[str, int]) -> Row:
    return {key: name(int(share * most)) for each in lengths for key, most in each.items()}


def size(given: Row) -> int:
    """Return the bytes of the names that an index may hold together."""
    own = PLACE.keys() | REFERENCE.keys()
    own |= {"event_type", "error_code", "session_id", "provider", "model", "error_type"}
    found = [value for key, value in given.items() if key in own]
    found += [value for key, value in given.get("messages", [{}])[0].items() if key in own]
    return sum(len(value.encode()) for value in found)


KINDS = {"events": event, "ai-requests": ai_request, "conversations": conversation}


def derive() -> None:
    pending_events.derive_all()
    for fold in (event_rollups.fold, request_rollups.fold):
        with transaction() as session:
            fold(session, zone="UTC")


@pytest.mark.parametrize(("kind", "made"), KINDS.items())
def test_a_row_with_names_as_long_as_an_index_holds_is_stored_and_counted(
    sender: httpx2.Client, kind: str, made: Callable[[float], Row]
) -> None:
    fitting = made(0.95 * MOST_NAME_BYTES / size(made(1)))
    answer = sender.post(f"/{kind}", json=fitting)
    assert (answer.status_code, answer.json()["accepted"]) == (202, 1), answer.text
    derive()


@pytest.mark.parametrize(("kind", "made"), KINDS.items())
def test_a_row_with_longer_names_is_rejected_alone(
    sender: httpx2.Client, kind: str, made: Callable[[float], Row]
) -> None:
    # One such row stopped the derivation of all users, for good
    answer = sender.post(f"/{kind}", json={"items": [made(1), made(0.1)]}).json()
    assert (answer["accepted"], [each["index"] for each in answer["rejected"]]) == (1, [0])
    assert "1,750 bytes" in answer["rejected"][0]["error"]
    derive()
