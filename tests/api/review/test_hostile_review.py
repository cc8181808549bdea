"""Whatever people write, Review returns it unchanged and harmless in JSON, CSV and exports."""

import csv
import io
import json
import re
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from core.annotations.exports.formats import FORMATS, FormatName
from core.annotations.exports.readers import is_readable
from core.annotations.schemas import LONGEST_TEXT
from core.identity.schemas import Role, Scope
from core.platform import clock
from core.presentation.csv_lines import FORMULA
from tests.api.conftest import Client
from tests.factories.annotations import told
from tests.factories.hostile import WORDS
from tests.factories.identity import person
from tests.factories.keys import api_key, bearing

DOOR, KNOWLEDGE = "/admin/ai/tuning", "/admin/ai/knowledge"
LISTS = [
    f"{DOOR}/conversations",
    f"{DOOR}/annotations",
    f"{KNOWLEDGE}/documents",
    f"{KNOWLEDGE}/memories",
    f"{KNOWLEDGE}/feedback",
]
OTHERS = [
    f"{DOOR}/tags",
    f"{DOOR}/queue",
    f"{DOOR}/summary?days=1",
    f"{KNOWLEDGE}/memories/stats",
    f"{KNOWLEDGE}/documents/stats",
]


NUMBER = re.compile(r"-\d+")


def short(word: str) -> str:
    """Return as much of it as a name may have."""
    return word[:60]


def sent(client: Client, word: str) -> None:
    """Send it everywhere where programs may write."""
    sender = client()
    sender.headers.update(bearing(api_key(Scope.INGEST)))
    at = (clock.now() - timedelta(hours=1)).isoformat()
    said = [
        {"id": "m0", "role": "user", "content": word, "created_at": at},
        {
            "id": "m1",
            "role": "assistant",
            "content": word + ".",
            "created_at": at,
            "error": word,
            "tool_calls": [{word: word}],
        },
    ]
    named = {"user_id": short(word), "app": short(word), "created_at": at}
    bodies: dict[str, dict[str, Any]] = {
        "conversations": {
            "id": "c",
            "title": word[:500],
            "messages": said,
            "context": {"tools": [{"name": word}]},
            **named,
        },
        "feedback": {
            "conversation_id": "c",
            "message_id": "m1",
            "rating": -1,
            "comment": word,
            "edited_text": word,
            **named,
        },
        "documents": {
            "id": "d",
            "title": short(word),
            "content": word,
            "scope": short(word),
            "tags": [short(word)],
            "created_at": at,
        },
        "memories": {"id": "y", "kind": "fact", "content": word, "scope": short(word), **named},
    }
    for name, body in bodies.items():
        raw = json.dumps(body).encode()  # half a character as an escape
        answer = sender.post(
            f"/ingest/{name}", content=raw, headers={"Content-Type": "application/json"}
        )
        assert answer.status_code == 202, (name, answer.text)
        assert answer.json()["rejected"] == [], (name, answer.text)
    told()


def annotated(owner: httpx2.Client, word: str) -> None:
    """Say it in every field of annotations, as much as one may say."""
    most = word[:LONGEST_TEXT].encode(errors="replace").decode()  # half a character the API refuses
    for kind in ("correction", "flag", "approved"):
        body = {
            "message_id": "m1",
            "annotation_type": kind,
            "content": most,
            "tags": [short(most)],
            "suggested_response": most,
        }
        answer = owner.post(
            f"{DOOR}/annotations",
            content=json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        assert answer.status_code == 201, answer.text


@pytest.mark.parametrize("name", list(WORDS))
def test_words_come_back_as_words(client: Client, name: str) -> None:
    word = WORDS[name]
    sent(client, word)
    owner = client(person(Role.SUPER_ADMIN))
    annotated(owner, word)
    told()
    for path in LISTS:
        assert owner.get(path).raise_for_status().json()["total_count"] >= 1, path
        file = owner.get(f"{path}?format=csv").raise_for_status()
        rows = list(csv.reader(io.StringIO(file.content.decode(), newline=""), strict=True))
        assert len({len(row) for row in rows}) == 1, path
        assert not [
            cell
            for row in rows
            for cell in row
            if cell.startswith(FORMULA) and not NUMBER.fullmatch(cell)
        ], path
        assert file.headers["x-content-type-options"] == "nosniff"
    for path in (
        *OTHERS,
        f"{DOOR}/conversations/c",
        f"{DOOR}/messages/m1",
        f"{DOOR}/conversations?q=alert",
    ):
        assert (
            owner.get(path)
            .raise_for_status()
            .headers["content-type"]
            .startswith("application/json")
        )


@pytest.mark.parametrize("name", list(WORDS))
def test_words_stay_words_in_every_export(client: Client, name: str) -> None:
    word = WORDS[name]
    sent(client, word)
    owner = client(person(Role.SUPER_ADMIN))
    annotated(owner, word)
    for form in FormatName:
        answer = owner.get(f"{DOOR}/export?format={form}").raise_for_status()
        found = owner.get(f"{DOOR}/export/manifest?format={form}").raise_for_status().json()
        assert found["bytes"] == len(answer.content)
        assert "unreadable" not in [each["reason"] for each in found["left_out"]], (
            form,
            found["left_out"],
        )
        if FORMATS[form].ending == "jsonl":
            lines = answer.content.splitlines(keepends=True)
            assert len(lines) == found["rows"]
            assert all(is_readable(form, line) for line in lines)
    markdown = owner.get(f"{DOOR}/export?format=kb_markdown").text
    assert "<script" not in markdown
    assert "](javascript" not in markdown
    assert "](data:" not in markdown


@pytest.mark.parametrize("name", list(WORDS))
def test_a_folder_of_hostile_names_and_words_becomes_documents_or_says_why_not(
    client: Client, name: str
) -> None:
    word = WORDS[name]
    owner = client(person(Role.SUPER_ADMIN))
    files = [
        {"name": f"{word[:100]}.md", "content": word},
        {"name": "a.md", "content": f"# {word}\n\n{word}"},
    ]
    raw = json.dumps({"files": files}).encode()
    answer = owner.post(
        f"{KNOWLEDGE}/documents/folder", content=raw, headers={"Content-Type": "application/json"}
    )
    if answer.status_code == 422:  # half a character
        assert "errors" in answer.json() or "unicode" in answer.json()["detail"]
        return
    found = answer.raise_for_status().json()
    assert found["made"] + len(found["left_out"]) == 2
    listed = owner.get(f"{KNOWLEDGE}/documents").raise_for_status().json()["items"]
    assert len(listed) == found["made"] >= 1
    for each in listed:
        owner.get(f"{KNOWLEDGE}/documents/{each['id']}").raise_for_status()
    file = owner.get(f"{KNOWLEDGE}/documents?format=csv").content.decode()
    rows = list(csv.reader(io.StringIO(file, newline=""), strict=True))
    assert not [cell for row in rows for cell in row if cell.startswith(FORMULA)]
