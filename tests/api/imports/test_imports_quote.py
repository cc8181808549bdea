"""What an import shows of its file is redacted as its rows are, short, and gone when the rows or
the file are taken back.
"""

import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import httpx2
import pytest

from core.database.db import transaction
from core.embedded.postgres import Postgres
from core.identity.schemas import Role
from core.imports import excerpts
from core.imports.models import Import
from core.imports.parsed import RowKind
from core.imports.recognition import recognize
from core.imports.recognition.result import Recognition
from core.ingest import redaction
from tests.api.conftest import Client
from tests.api.imports.calls import do_what_is_due, upload
from tests.factories.identity import person

WHO = "ada@example.com"
AT = "2026-11-20T09:00:00Z"
CHAT = {"id": "c", "created_at": AT, "messages": [{"role": "user", "content": f"I am {WHO}"}]}
EVENTS = (
    "id,created_at,event_type,user_id,note\n"
    f"e1,{AT},page.view,u1,{WHO}\n"
    f"e2,{WHO},page.view,u1,x\n"
    f"e3,{AT},page.view,u1,x\n"
)
DIALOGUES = "\n".join(json.dumps(CHAT | {"id": f"c{number}"}) for number in range(3))


@pytest.fixture(autouse=True)
def forgotten(database: Postgres) -> Iterator[None]:
    yield
    redaction.redactor_cache.clear()


def tried(me: httpx2.Client, content: str) -> str:
    """Upload a file and try it; return the id of its import."""
    id_ = str(upload(me, content)["id"])
    assert me.post(f"/imports/{id_}/dry-run").status_code == 202
    do_what_is_due(id_)
    found = me.get(f"/imports/{id_}").json()
    assert (found["status"], found["error"]) == ("ready", None)
    assert found["dry_run"]["samples"]
    return id_


def imported(me: httpx2.Client, content: str) -> str:
    id_ = tried(me, content)
    me.post(f"/imports/{id_}/start")
    do_what_is_due(id_)
    assert me.get(f"/imports/{id_}").json()["status"] == "completed"
    return id_


def kept(id_: str) -> str:
    """Return all that the row of an import holds."""
    with transaction() as session:
        row = session.get(Import, UUID(id_))
        assert row is not None
        return json.dumps(
            {column.name: getattr(row, column.name) for column in Import.__table__.columns},
            default=str,
        )


@pytest.mark.parametrize("content", [EVENTS, DIALOGUES])
def test_what_is_shown_is_redacted_as_the_rows_will_be(
    client: Client, me: httpx2.Client, content: str
) -> None:
    rules = {"mode": "mask", "email": True}
    assert client(person(Role.SUPER_ADMIN)).put("/admin/redaction", json=rules).status_code == 200
    id_ = tried(me, content)
    assert "[email]" in kept(id_)
    assert WHO not in kept(id_)
    me.post(f"/imports/{id_}/start")
    do_what_is_due(id_)
    assert WHO not in kept(id_)


@pytest.mark.parametrize("content", [EVENTS, DIALOGUES])
def test_an_undo_leaves_nothing_of_what_the_file_says(me: httpx2.Client, content: str) -> None:
    id_ = imported(me, content)
    assert WHO in kept(id_)
    me.post(f"/imports/{id_}/undo")
    do_what_is_due(id_)
    found = me.get(f"/imports/{id_}").json()
    assert (found["status"], found["dry_run"]) == ("undone", None)
    assert all(
        column["path"] and column["samples"] == [] for column in found["recognition"]["columns"]
    )
    assert WHO not in kept(id_)
    assert me.post(f"/imports/{id_}/start").status_code == 202


def test_deleting_what_was_only_tried_leaves_nothing_of_it(me: httpx2.Client) -> None:
    id_ = tried(me, DIALOGUES)
    assert me.delete(f"/imports/{id_}").status_code == 202
    assert WHO not in kept(id_)


def test_with_the_file_goes_what_was_shown_of_it(me: httpx2.Client) -> None:
    id_ = imported(me, DIALOGUES)
    me.delete(f"/imports/{id_}/file")
    assert WHO not in kept(id_)


def test_lists_say_nothing_of_what_is_in_files(me: httpx2.Client) -> None:
    tried(me, DIALOGUES)
    tried(me, EVENTS.replace(f"e2,{WHO}", f"e2,{AT}"))
    listed = me.get("/imports")
    assert WHO not in listed.text
    assert [each["dry_run"]["records"] for each in listed.json()["items"]] == [3, 3]


def test_a_long_row_is_shown_cut(me: httpx2.Client) -> None:
    long = CHAT | {"messages": [{"role": "user", "content": "x" * 50_000}] * 20, "title": "short"}
    id_ = tried(me, json.dumps(long))
    [sample] = me.get(f"/imports/{id_}").json()["dry_run"]["samples"]
    assert len(json.dumps(sample["row"])) < 2 * excerpts.LONGEST_ROW
    assert sample["row"]["title"] == "short"


def test_fields_can_still_be_guessed_when_no_values_are_kept(me: httpx2.Client) -> None:
    id_ = imported(me, EVENTS)
    me.post(f"/imports/{id_}/undo")
    found: dict[str, Any] = me.get(f"/imports/{id_}").json()["recognition"]
    assert "user_id" in recognize.guessed_fields(
        Recognition.model_validate(found), RowKind.AI_REQUESTS
    )


def test_messages_of_a_preview_have_only_the_fields_that_their_file_fills(
    me: httpx2.Client,
) -> None:
    # Of the 2,000 characters of a row, most were names of fields without a value
    turns = [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hi"}]
    record = {"id": "c1", "created_at": "2026-03-04T05:06:07Z", "messages": turns}
    id_ = upload(me, json.dumps(record))["id"]
    me.post(f"/imports/{id_}/dry-run")
    do_what_is_due(id_)
    [sample] = me.get(f"/imports/{id_}").json()["dry_run"]["samples"]
    assert [message.keys() for message in sample["row"]["messages"]] == [
        {"id", "role", "content", "created_at", "position"}
    ] * 2
