"""Conversations, annotations, exports and the summary name the prompt version and the arm."""

import csv
import io
import json
from typing import Any

import httpx2
import pytest

from core.identity.schemas import Role
from tests.api.conftest import Client
from tests.factories import conversations
from tests.factories.ai_metrics import request, send
from tests.factories.conversations import START, stored
from tests.factories.identity import person

DOOR = "/admin/ai/tuning"
SUPPORT = {"prompt": {"name": "support", "version": "7"}, "experiment": {"key": "t", "arm": "b"}}
NAMED = {"prompt_version": "support@7", "experiment_arm": "t:b"}
PERIOD = {"start": "2026-10-01", "end": "2026-12-31"}


@pytest.fixture
def admin(client: Client) -> httpx2.Client:
    """Store a message that names its prompt and one whose request does, and annotate both."""
    asked, answered = conversations.message(0), conversations.message(1, **SUPPORT)
    stored({"id": "c", "messages": [asked, answered]}, conversations.conversation("q"))
    reference = {"prompt_name": "support", "prompt_label": "latest"}
    send(request(START, **reference, conversation_id="q", message_id="m1"))
    found = client(person(Role.SUPER_ADMIN))
    for conversation in "cq":
        [_, message] = found.get(f"{DOOR}/conversations/{conversation}").json()["messages"]
        given = {"message_id": message["id"], "annotation_type": "approved", "content": "Yes."}
        found.post(f"{DOOR}/annotations", json=given).raise_for_status()
    return found


def items(client: httpx2.Client, path: str, **query: Any) -> list[dict[str, Any]]:  # noqa: ANN401
    found: list[dict[str, Any]] = client.get(f"{DOOR}/{path}", params=query).json()["items"]
    return found


def test_annotations_name_what_answered_and_are_found_by_it(admin: httpx2.Client) -> None:
    named = [
        (each["prompt_version"], each["experiment_arm"]) for each in items(admin, "annotations")
    ]
    assert named == [("support@latest", ""), ("support@7", "t:b")]
    for name, value in NAMED.items():
        [one] = items(admin, "annotations", **{name: value})
        assert one["prompt_version"] == "support@7"


def test_conversations_list_their_prompts_and_are_found_by_them(admin: httpx2.Client) -> None:
    for name, value in NAMED.items():
        [one] = items(admin, "conversations", **PERIOD, **{name: value})
        assert (one["prompt_versions"], one["experiment_arms"]) == (["support@7"], ["t:b"])
    [_, message] = admin.get(f"{DOOR}/conversations/c").json()["messages"]
    assert (message["prompt_name"], message["prompt_version"]) == ("support", "7")


def test_exports_name_them_in_every_row_and_in_the_manifest(admin: httpx2.Client) -> None:
    lines = admin.get(f"{DOOR}/export", params={"format": "jsonl"}).text.splitlines()
    assert [json.loads(line)["experiment_arm"] for line in lines] == ["t:b", ""]
    table = csv.DictReader(io.StringIO(admin.get(f"{DOOR}/export", params={"format": "csv"}).text))
    assert [row["prompt_version"] for row in table] == ["support@7", "support@latest"]
    manifest = admin.get(f"{DOOR}/export/manifest", params={"format": "csv"}).json()
    assert manifest["prompt_versions"] == {"support@7": 1, "support@latest": 1}


def test_the_summary_counts_by_version_and_arm(admin: httpx2.Client) -> None:
    found = admin.get(f"{DOOR}/summary").json()
    assert found["by_experiment_arm"] == [{"value": "", "count": 1}, {"value": "t:b", "count": 1}]
    assert [each["value"] for each in found["by_prompt_version"]] == ["support@7", "support@latest"]
