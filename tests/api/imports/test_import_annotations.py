"""Annotations and preference pairs of files, imported and undone."""

import json
from typing import Any

import httpx2
import pytest

from core.identity.schemas import Role
from tests.api.conftest import Client
from tests.api.imports.calls import do_what_is_due, upload
from tests.factories.conversations import conversation, message, stored
from tests.factories.identity import person

ANNOTATIONS = "/admin/ai/tuning/annotations"
PAIR = {"prompt": "When?", "chosen": "On the 30th.", "rejected": "On the 31st."}


@pytest.fixture
def me(client: Client) -> httpx2.Client:
    """Return the client of an account that may export."""
    return client(person(Role.SUPER_ADMIN))


def imported(me: httpx2.Client, content: str, **given: object) -> dict[str, Any]:
    """Import a file and return its import."""
    found = upload(me, content, "annotations.jsonl")
    id_ = found["id"]
    assert me.post(f"/imports/{id_}/dry-run").status_code == 202
    do_what_is_due(id_)
    answer = me.post(f"/imports/{id_}/start", json={"accept_refused": True, **given})
    assert answer.status_code == 202, answer.text
    do_what_is_due(id_)
    done: dict[str, Any] = me.get(f"/imports/{id_}").json()
    assert done["status"] == "completed", done
    return done


def undone(me: httpx2.Client, id_: str) -> None:
    assert me.delete(f"/imports/{id_}").status_code in (202, 204)
    do_what_is_due(id_)


def listed(me: httpx2.Client) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = me.get(ANNOTATIONS).json()["items"]
    return found


def test_preference_pairs_are_imported_exported_again_and_undone(me: httpx2.Client) -> None:
    done = imported(me, json.dumps(PAIR) + "\n")
    assert done["counts"]["annotations"]["accepted"] == 1
    [annotation] = listed(me)
    assert (annotation["annotation_type"], annotation["suggested_response"]) == (
        "correction",
        "On the 30th.",
    )
    exported = me.get("/admin/ai/tuning/export", params={"format": "trl_preference"}).text
    assert json.loads(exported) == {
        "prompt": [{"role": "user", "content": "When?"}],
        "chosen": [{"role": "assistant", "content": "On the 30th."}],
        "rejected": [{"role": "assistant", "content": "On the 31st."}],
    }
    undone(me, done["id"])
    assert listed(me) == []
    assert me.get("/admin/ai/tuning/conversations").json()["items"] == []


def test_under_separate_ids_an_imported_annotation_is_on_its_own_message(
    me: httpx2.Client,
) -> None:
    imported(me, json.dumps(PAIR) + "\n", environment="staging", separate=True)
    [annotation] = listed(me)
    answer = me.get(f"/admin/ai/tuning/messages/{annotation['message_id']}")
    assert (answer.status_code, answer.json()["message"]["content"]) == (200, "On the 31st.")


def test_annotations_of_unknown_messages_are_refused_by_row(me: httpx2.Client) -> None:
    stored({**conversation("c"), "messages": [message(0), message(1)]})
    rows = [
        {"id": f"a{number}", "conversation_id": "c", "message_id": name, "annotation_type": type_}
        for number, (name, type_) in enumerate(
            [("m1", "approved"), ("m9", "approved"), ("m0", "approved"), ("m0", "flag")]
        )
    ]
    lines = "".join(
        json.dumps(row | {"created_at": "2026-03-04T05:06:07Z", "author": "Grace"}) + "\n"
        for row in rows
    )
    done = imported(me, lines)
    assert done["dry_run"]["rejected"] == 2
    assert [each["position"] for each in done["problems"]] == [2, 3]
    assert done["counts"]["annotations"] == {"accepted": 2, "duplicates": 0, "rejected": 2}
    assert {each["author_name"] for each in listed(me)} == {"Grace"}
    undone(me, done["id"])
    assert listed(me) == []


def test_an_export_of_the_same_workspace_brings_nothing_new(me: httpx2.Client) -> None:
    first = imported(me, json.dumps(PAIR) + "\n")
    exported = me.get("/admin/ai/tuning/export", params={"format": "jsonl"}).text
    again = imported(me, exported)
    assert again["counts"]["annotations"] == {"accepted": 0, "duplicates": 1, "rejected": 0}
    undone(me, again["id"])
    assert len(listed(me)) == 1
    undone(me, first["id"])
    assert listed(me) == []
