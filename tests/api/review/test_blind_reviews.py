"""In a blind review, no route reveals other reviewers' verdicts before a reviewer has given one."""

import json
from typing import Any

import httpx2
import pytest

from core.identity.schemas import Role
from tests.api.conftest import Client
from tests.factories.annotations import told
from tests.factories.conversations import conversation, stored
from tests.factories.identity import person

DOOR = "/admin/ai/tuning"
QUEUE = f"{DOOR}/queue"
VERDICT = {
    "annotation_type": "flag",
    "content": "an unmistakable verdict",
    "tags": ["unmistakable"],
    "severity": "critical",
}
READS = [
    f"{DOOR}/annotations",
    f"{DOOR}/annotations?format=csv",
    f"{DOOR}/annotations?message_id=m1",
    f"{DOOR}/annotations?tag=unmistakable",
    f"{DOOR}/annotations?type=flag&severity=critical",
    f"{DOOR}/annotations/{{annotation}}",
    f"{DOOR}/conversations",
    f"{DOOR}/conversations?q=unmistakable",
    f"{DOOR}/conversations/c",
    f"{DOOR}/messages/m1",
    f"{DOOR}/queue",
    f"{DOOR}/queue?state=adjudication",
    f"{DOOR}/queue/{{item}}",
    f"{DOOR}/queue/{{item}}/opinions",
    f"{DOOR}/queue/counters",
    f"{DOOR}/summary?days=1",
    f"{DOOR}/summary?days=1&type=flag",
    f"{DOOR}/summary?days=1&tag=unmistakable",
    f"{DOOR}/tags",
    f"{DOOR}/drafts/m1",
    *(f"{DOOR}/export?format={name}" for name in ("csv", "jsonl", "trl_unpaired")),
    "/admin/ai/knowledge/documents?q=unmistakable",
    "/admin/overview",
]


def asked(client: Client) -> tuple[httpx2.Client, str]:
    """Return a reviewer who has an item that two are to review, and its key."""
    stored(conversation("c"))
    told()
    first = client(person(Role.REVIEWER))
    first.post(QUEUE, json={"message_id": "m1", "reviews_wanted": 2}).raise_for_status()
    item: str = first.post(f"{QUEUE}/claim").json()["id"]
    return first, item


def seen(client: httpx2.Client, path: str) -> str:
    """Return what an address answers that depends on the verdict; a word that was searched for says
    nothing.
    """
    answer = client.get(path)
    assert answer.status_code in (200, 403, 404), answer.text
    return answer.text


@pytest.mark.parametrize("role", [Role.REVIEWER, Role.ADMIN, Role.SUPER_ADMIN, Role.ANALYST])
@pytest.mark.parametrize("is_done", [True, False])
def test_no_address_tells_a_second_reviewer(client: Client, role: Role, is_done: bool) -> None:
    first, item = asked(client)
    said = (
        first.post(f"{DOOR}/annotations", json={"message_id": "m1", **VERDICT})
        .raise_for_status()
        .json()["id"]
    )
    if is_done:
        first.post(f"{QUEUE}/{item}/done").raise_for_status()
    told()
    second = client(person(role))
    for path in READS:
        found = seen(second, path.format(annotation=said, item=item))
        assert "unmistakable" not in found, path
        assert '"flag"' not in found, path
        assert said not in found, path
        if "/summary" in path and found.startswith("{") and "by_type" in found:
            assert json.loads(found)["annotations"] == (
                0 if "&" in path else role is not Role.REVIEWER
            ), path


def test_an_annotation_that_waits_for_another_reviewer_counts_and_does_not_say_what_it_says(
    client: Client,
) -> None:
    first, item = asked(client)
    first.post(f"{QUEUE}/{item}/done", json=VERDICT).raise_for_status()
    found = client(person(Role.ADMIN)).get(f"{DOOR}/summary?days=1").json()
    assert [found[name] for name in ("annotations", "messages", "reviewers")] == [1, 1, 1]
    assert found["by_type"] == found["by_severity"] == [{"value": "undisclosed", "count": 1}]
    assert [day["by_type"] for day in found["over_time"]] == [{"undisclosed": 1}]
    assert found["by_status"] == [{"value": "pending", "count": 1}]
    assert first.get(f"{DOOR}/summary?days=1").json()["by_type"] == [{"value": "flag", "count": 1}]


def test_all_see_it_when_all_have_spoken(client: Client) -> None:
    first, item = asked(client)
    first.post(f"{QUEUE}/{item}/done", json=VERDICT).raise_for_status()
    second, admin = client(person(Role.REVIEWER)), client(person(Role.SUPER_ADMIN))
    assert second.post(f"{QUEUE}/claim").json()["id"] == item
    second.post(f"{QUEUE}/{item}/done", json={"annotation_type": "approved"}).raise_for_status()
    told()
    assert second.get(f"{DOOR}/annotations").json()["total_count"] == 2
    assert "unmistakable" in [each["tag"] for each in second.get(f"{DOOR}/tags").json()["items"]]
    assert len(admin.get(f"{QUEUE}/{item}/opinions").json()["items"]) == 2
    assert admin.get(f"{DOOR}/summary?days=1").json()["annotations"] == 2
    assert len(admin.get(f"{DOOR}/export?format=jsonl").text.splitlines()) == 2


def test_an_export_says_that_something_is_left_out_for_it(client: Client) -> None:
    first, item = asked(client)
    first.post(f"{QUEUE}/{item}/done", json=VERDICT).raise_for_status()
    found: dict[str, Any] = (
        client(person(Role.SUPER_ADMIN)).get(f"{DOOR}/export/manifest?format=csv").json()
    )
    assert [(each["reason"], each["count"]) for each in found["left_out"]] == [("blind", 1)]


def test_what_was_said_before_the_message_was_queued_stays_where_all_could_see_it(
    client: Client,
) -> None:
    stored(conversation("c"))
    first, second = client(person(Role.REVIEWER)), client(person(Role.REVIEWER))
    first.post(f"{DOOR}/annotations", json={"message_id": "m1", **VERDICT}).raise_for_status()
    second.post(QUEUE, json={"message_id": "m1", "reviews_wanted": 2}).raise_for_status()
    assert second.get(f"{DOOR}/annotations").json()["total_count"] == 1
    item = first.post(f"{QUEUE}/claim").json()["id"]
    # It counts for this review, and is hidden from then on
    first.post(f"{QUEUE}/{item}/done").raise_for_status()
    assert second.get(f"{DOOR}/annotations").json()["total_count"] == 0


def test_the_third_of_three_reviewers_is_not_taken_for_an_adjudicator(client: Client) -> None:
    # Their round was that of an adjudication, which overrules the others
    stored(conversation("c"))
    told()
    reviewers = [client(person(Role.REVIEWER)) for _ in range(3)]
    reviewers[0].post(QUEUE, json={"message_id": "m1", "reviews_wanted": 3}).raise_for_status()
    for reviewer in reviewers:
        item = reviewer.post(f"{QUEUE}/claim").json()["id"]
        reviewer.post(f"{QUEUE}/{item}/done", json={"annotation_type": "approved"})
    admin = client(person(Role.SUPER_ADMIN))
    assert admin.get(f"{QUEUE}/{item}").json()["state"] == "done"
    found = admin.get(f"{DOOR}/export/manifest?format=openai_chat").json()
    assert "overruled" not in {each["reason"] for each in found["left_out"]}
    assert admin.get(f"{DOOR}/summary?days=1").json()["agreement"]["judgements"] == 3
