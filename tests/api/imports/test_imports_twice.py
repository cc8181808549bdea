"""A file that is imported twice counts once, also one whose records tell no time."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx2
import pytest
from sqlalchemy import text

from core.database.db import transaction
from core.imports import runner
from core.imports.ingest import writing
from core.platform import clock
from tests.api.imports.calls import do_what_is_due, upload

REQUESTS = "model,input_tokens,output_tokens,total_latency_ms\n" + "gpt-4o,10,20,300\n" * 30
SINCE = "Timestamp,Model,Request tokens,Response tokens\n" + "".join(
    f"{number * 60},m,1,1\n" for number in range(30)
)
BENCHMARK = json.dumps(
    {"model_id": "m", "input_lens": [1] * 30, "output_lens": [2] * 30, "ttfts": [0.1] * 30}
)
FILES = {"requests": REQUESTS, "since": SINCE, "benchmark": BENCHMARK}
Later = Callable[[timedelta], None]
untimed = pytest.mark.parametrize("name", list(FILES))


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Later:
    present = clock.now

    def move(by: timedelta) -> None:
        monkeypatch.setattr(clock, "now", lambda: present() + by)

    return move


def brought(me: httpx2.Client, id_: str, **given: Any) -> tuple[int, int]:  # noqa: ANN401  a body
    """Import a file; return how many rows were new, and how many known."""
    answer = me.post(f"/imports/{id_}/start", json=given)
    assert answer.status_code == 202, answer.text
    do_what_is_due(id_)
    found = me.get(f"/imports/{id_}").json()
    assert found["status"] == "completed", found
    [count] = found["counts"].values()
    return count["accepted"], count["duplicates"]


def test_a_conversation_that_comes_again_with_other_messages_is_no_duplicate(
    me: httpx2.Client,
) -> None:
    # The traces of a Langfuse session: the dry run called all but the first duplicates
    def traces(*numbers: int) -> str:
        return json.dumps(
            [
                {
                    "id": f"trace-{number}",
                    "timestamp": f"2026-03-04T05:06:0{number}Z",
                    "name": "chat",
                    "input": f"Question {number}",
                    "output": f"Answer {number}",
                    "sessionId": "s1",
                    "userId": "u1",
                    "tags": [],
                    "public": False,
                    "release": "1",
                }
                for number in numbers
            ]
        )

    def duplicates(content: str) -> tuple[dict[str, int], tuple[int, int]]:
        id_ = upload(me, content)["id"]
        me.post(f"/imports/{id_}/dry-run")
        do_what_is_due(id_)
        dry = me.get(f"/imports/{id_}").json()["dry_run"]
        return dry["duplicates"], brought(me, id_)

    assert duplicates(traces(1, 2)) == ({}, (2, 0))
    assert duplicates(traces(2, 3, 3)) == ({"conversations": 2}, (1, 2))


def test_an_upload_names_the_import_that_has_brought_the_same_file(me: httpx2.Client) -> None:
    # Only a GET afterwards had it
    first = upload(me, REQUESTS)
    assert first["same_file"] == []
    brought(me, first["id"])
    assert [each["id"] for each in upload(me, REQUESTS)["same_file"]] == [first["id"]]


@untimed
def test_a_file_without_times_counts_once(me: httpx2.Client, later: Later, name: str) -> None:
    first = upload(me, FILES[name])
    assert brought(me, first["id"]) == (30, 0)
    later(timedelta(hours=3))
    second = upload(me, FILES[name])
    assert second["mapping"]["start"] == first["mapping"]["start"]
    assert second["recognition"]["questions"] == first["recognition"]["questions"]
    assert brought(me, second["id"]) == (0, 30)


def test_the_start_that_somebody_said_holds_for_the_same_file_again(
    me: httpx2.Client, later: Later
) -> None:
    upload(me, REQUESTS)  # never imported
    said = "2026-01-02T03:04:00Z"
    assert brought(me, upload(me, REQUESTS)["id"], answers={"start": said}) == (30, 0)
    later(timedelta(hours=3))
    again = upload(me, REQUESTS)
    assert datetime.fromisoformat(again["mapping"]["start"]) == datetime.fromisoformat(said)
    assert brought(me, again["id"]) == (0, 30)


@pytest.mark.parametrize("name", ["requests", "benchmark"])
def test_a_mapping_that_names_no_start_dates_rows_by_when_the_file_first_came(
    me: httpx2.Client,
    later: Later,
    name: str,
) -> None:
    for expected in ((30, 0), (0, 30), (0, 30)):
        found = upload(me, FILES[name])
        assert brought(me, found["id"], mapping=found["mapping"] | {"start": None}) == expected
        later(timedelta(hours=3))
    assert brought(me, upload(me, FILES[name])["id"]) == (0, 30)


def test_after_a_kill_the_rest_of_a_file_without_times_follows_on(
    me: httpx2.Client,
    later: Later,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = upload(me, REQUESTS)
    me.post(f"/imports/{found['id']}/start", json={"mapping": found["mapping"] | {"start": None}})
    asked = iter([True, False])
    with monkeypatch.context() as small:
        small.setattr(
            runner, "write", lambda *given, **more: writing.write(*given, **more, heaviest=10)
        )
        runner.work(UUID(found["id"]), may_go_on=lambda: next(asked))
    later(timedelta(hours=3))
    do_what_is_due(found["id"])
    with transaction() as session:
        spread = session.scalar(
            text("select max(created_at) - min(created_at) from ai_request_metrics")
        )
    assert spread == timedelta(milliseconds=29)


def test_a_saved_mapping_keeps_the_start_that_the_same_file_had(
    me: httpx2.Client, later: Later
) -> None:
    first = upload(me, REQUESTS)
    assert brought(me, first["id"]) == (30, 0)
    moved = first["mapping"] | {"start": "2026-01-01T00:00:00Z"}
    me.post("/imports/mappings", json={"name": "Other", "import_id": first["id"], "mapping": moved})
    later(timedelta(hours=3))
    assert brought(me, upload(me, REQUESTS)["id"]) == (0, 30)


@pytest.mark.parametrize("name", ["requests", "since"])
def test_the_next_file_begins_at_a_start_of_its_own_under_a_saved_mapping(
    me: httpx2.Client, later: Later, name: str
) -> None:
    # A saved mapping has the start of the file that it was made for
    first = upload(me, FILES[name])
    kept = me.post("/imports/mappings", json={"name": "Weekly", "import_id": first["id"]}).json()
    later(timedelta(hours=3))
    following = upload(me, FILES[name] + FILES[name].splitlines()[-1] + "\n")
    begins = [datetime.fromisoformat(each["mapping"]["start"]) for each in (first, following)]
    assert begins[1] - begins[0] > timedelta(hours=2)
    checked = me.post(f"/imports/{following['id']}/dry-run", json={"mapping_id": kept["id"]}).json()
    assert checked["mapping"]["start"] == following["mapping"]["start"]
