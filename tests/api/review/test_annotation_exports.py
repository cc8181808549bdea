"""Review figures and exports over HTTP: streamed, audited, and filtered."""

import json
from datetime import timedelta
from hashlib import sha256

import httpx2
import pytest

from core.annotations.exports.formats import FORMATS, FormatName
from core.annotations.exports.readers import is_readable
from core.identity.schemas import Role, Scope
from tests.api.conftest import Client
from tests.factories.comparisons import asked, begun, voted
from tests.factories.conversations import START, conversation, stored
from tests.factories.identity import person
from tests.factories.keys import api_key, bearing
from tests.factories.reviews import annotated

EXPORT, MANIFEST, SUMMARY = (
    f"/admin/ai/tuning/{name}" for name in ("export", "export/manifest", "summary")
)


@pytest.fixture
def owner(client: Client) -> httpx2.Client:
    stored(conversation("a", 4), conversation("b", 4))
    for name in ("a", "b"):
        annotated("m1", name, suggested_response="better", tags=["tone"])
        annotated("m3", name, annotation_type="approved")
    annotated("m1", "a", annotation_type="flag", status="reviewed")
    return client(person(Role.SUPER_ADMIN, email="owner@example.com"))


@pytest.mark.parametrize("name", list(FormatName))
def test_each_format_comes_as_a_file_that_its_manifest_describes(
    owner: httpx2.Client, name: FormatName
) -> None:
    answer = owner.get(EXPORT, params={"format": name})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == FORMATS[name].media_type
    assert (
        answer.headers["content-disposition"]
        == f'attachment; filename="annotations-{name}.{FORMATS[name].ending}"'
    )
    found = owner.get(MANIFEST, params={"format": name}).json()
    assert found["sha256"] == sha256(answer.content).hexdigest()
    assert (found["bytes"], found["annotations"]) == (len(answer.content), 5)
    assert found["rows"] + sum(each["count"] for each in found["left_out"]) == 5
    if FORMATS[name].ending == "jsonl":
        assert all(is_readable(name, line) for line in answer.content.splitlines(keepends=True))


PARAMETERS = {"type": "object", "properties": {"order": {}}}
TOOL = {"type": "function", "function": {"name": "orders.find", "parameters": PARAMETERS}}
SENT: list[dict[str, object]] = [
    {"id": "m0", "role": "user", "content": "Where is order 7?"},
    {
        "id": "m1",
        "role": "assistant",
        "content": "",
        "tool_calls": [
            {
                "id": "c1",
                "type": "function",
                "function": {"name": "orders.find", "arguments": '{"order": 7}'},
            }
        ],
    },
    {"id": "m2", "role": "tool", "content": "on its way", "tool_call_id": "c1"},
    {"id": "m3", "role": "assistant", "content": "It is on its way."},
]


def test_calls_of_tools_as_they_are_sent_stand_in_the_file_with_the_tools(client: Client) -> None:
    said = [
        each | {"created_at": (START + timedelta(seconds=place)).isoformat()}
        for place, each in enumerate(SENT)
    ]
    sent = {"id": "c", "messages": said, "tools": [TOOL]}
    client().post(
        "/ingest/conversations", json=sent, headers=bearing(api_key(Scope.INGEST))
    ).raise_for_status()
    annotated("m3", annotation_type="approved")
    one = client(person(Role.SUPER_ADMIN))
    [line] = one.get(EXPORT, params={"format": "openai_chat"}).text.splitlines()
    found = json.loads(line)
    assert [each["role"] for each in found["messages"]] == [
        "user",
        "assistant",
        "tool",
        "assistant",
    ]
    assert found["messages"][2]["tool_call_id"] == found["messages"][1]["tool_calls"][0]["id"]
    assert found["tools"][0]["function"]["parameters"] == PARAMETERS
    [line] = one.get(EXPORT, params={"format": "jsonl"}).text.splitlines()
    before = json.loads(line)["before"]
    assert json.loads(before[1]["tool_calls"][0]["function"]) == {
        "name": "orders.find",
        "arguments": '{"order": 7}',
    }
    assert before[2]["tool_call_id"] == "c1"


def test_filters_of_the_list_are_those_of_the_file(owner: httpx2.Client) -> None:
    wanted = {
        "format": "jsonl",
        "tag": "tone",
        "type": "correction",
        "conversation_id": "a",
        "status": "",
    }
    lines = owner.get(EXPORT, params=wanted).text.splitlines()
    assert [json.loads(line)["suggested_response"] for line in lines] == ["better"]
    assert set(owner.get(MANIFEST, params=wanted).json()["filter"]) == {
        "tag",
        "type",
        "conversation_id",
    }


def test_train_and_holdout_are_everything(owner: httpx2.Client) -> None:
    parts = {
        split: owner.get(EXPORT, params={"format": "jsonl", "split": split}).text
        for split in ("train", "holdout", "")
    }
    assert sorted((parts["train"] + parts["holdout"]).splitlines()) == sorted(
        parts[""].splitlines()
    )
    assert len(parts[""].splitlines()) == 5


def test_votes_on_comparisons_are_in_pair_formats_unless_only_annotations_are_wanted(
    owner: httpx2.Client,
) -> None:
    voter = person()
    comparison = begun(voter.actor, prompts=["Be brief."])
    asked(voter.actor, comparison, "Where is it?")
    voted(voter.actor, comparison, 1)
    rows = {
        source: owner.get(MANIFEST, params={"format": "trl_preference", "source": source}).json()
        for source in ("", "annotations", "comparisons")
    }
    assert {source: (found["annotations"], found["pairs"]) for source, found in rows.items()} == {
        "": (5, 1),
        "annotations": (5, 0),
        "comparisons": (0, 1),
    }
    [line] = owner.get(
        EXPORT, params={"format": "trl_preference", "source": "comparisons"}
    ).text.splitlines()
    assert json.loads(line)["prompt"][-1] == {"role": "user", "content": "Where is it?"}


@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"format": "xml"},
        {"format": "csv", "split": "half"},
        {"format": "csv", "status": "x"},
        {"format": "csv", "source": "comparisons"},
    ],
)
def test_what_is_no_format_or_filter_is_refused(
    owner: httpx2.Client, wanted: dict[str, str]
) -> None:
    assert owner.get(EXPORT, params=wanted).status_code == 422


def test_a_file_is_noted_once_with_its_filter_and_a_manifest_is_not(owner: httpx2.Client) -> None:
    owner.get(EXPORT, params={"format": "sharegpt", "split": "train", "tag": "tone"})
    owner.get(MANIFEST, params={"format": "sharegpt"})
    [row] = owner.get("/admin/audit?action=annotations.export").json()["items"]
    assert row["actor"]["name"] == "owner@example.com"
    assert row["targets"] == {"format": "sharegpt", "split": "train", "tag": "tone"}


def test_the_summary_is_for_analysts_and_a_reviewers_own(
    owner: httpx2.Client, client: Client
) -> None:
    span = {"start": "2026-11-01", "end": "2026-12-01"}
    found = client(person(Role.ANALYST)).get(SUMMARY, params=span).json()
    assert (found["is_own"], found["annotations"]) == (False, 5)
    assert {each["value"]: each["count"] for each in found["by_type"]} == {
        "approved": 2,
        "correction": 2,
        "flag": 1,
    }
    assert found["agreement"]["units"] == 1
    own = client(person(Role.REVIEWER)).get(SUMMARY, params=span).json()
    assert (own["is_own"], own["annotations"], own["disputed"]) == (True, 0, [])
    assert owner.get(SUMMARY, params=span | {"tag": "tone"}).json()["annotations"] == 2
