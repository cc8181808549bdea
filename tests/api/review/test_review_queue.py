"""The review queue over HTTP: what joins it and why, leases, returns, and adjudication."""

import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import pairwise
from typing import Any

import httpx2
import msgspec
import pytest
from sqlalchemy import text

from core.annotations import jobs
from core.database.db import Database, transaction
from core.identity.schemas import Role
from core.knowledge.feedback import ingest as feedback
from core.knowledge.schemas import NewFeedback
from core.platform import clock
from core.platform.ids import new_id
from tests.api.conftest import Client
from tests.factories import conversations
from tests.factories.annotations import rows, told, waiting
from tests.factories.conversations import SOURCE, stored
from tests.factories.identity import person

DOOR = "/admin/ai/tuning"
QUEUE = f"{DOOR}/queue"
APPROVED, FLAG = {"annotation_type": "approved"}, {"annotation_type": "flag", "content": "No."}


def reviewer(client: Client, role: Role = Role.REVIEWER) -> httpx2.Client:
    return client(person(role))


def claim(client: httpx2.Client, **query: Any) -> Any:  # noqa: ANN401  JSON
    answer = client.post(f"{QUEUE}/claim", params=query)
    return answer.json() if answer.raise_for_status().status_code == 200 else None


def rules(client: Client, **given: object) -> None:
    client(person(Role.ADMIN)).put(f"{DOOR}/settings", json=given).raise_for_status()


def let_leases_end() -> None:
    with transaction(Database.AI) as ai:
        ai.execute(
            text(
                "update review_items set claimed_until = now() - interval '1 second' where "
                "claimed_by is not null"
            )
        )


def talk(
    name: str, *, days: float = 0, answer: dict[str, object] | None = None, **more: object
) -> None:
    at = (clock.now() - timedelta(days=days, minutes=5)).isoformat()
    ids = [{"id": f"{name}-{number}", "created_at": at} for number in range(2)]
    said = [
        conversations.message(0, **ids[0]),
        conversations.message(1, **ids[1], **(answer or {})),
    ]
    stored({**conversations.conversation(name), "messages": said, **more})


def rate(name: str, rating: int, **more: object) -> None:
    given = {"id": str(new_id()), "conversation_id": name, "rating": rating, **more}
    with transaction(Database.AI) as ai:
        feedback.store(ai, [msgspec.convert(given, NewFeedback)], SOURCE)
    told()


def joined() -> list[tuple[list[str], int]]:
    found = rows("select reasons, priority from review_items order by priority desc")
    return [(each["reasons"], each["priority"]) for each in found]


def test_the_highest_priority_is_lent_first_and_nothing_twice(client: Client) -> None:
    waiting(20)
    mine, other = reviewer(client), reviewer(client)
    lent = [claim(each) for _ in range(10) for each in (mine, other)]
    assert len({each["id"] for each in lent}) == 20
    order = [(-each["priority"], each["message_at"]) for each in lent]
    assert all(earlier <= later for earlier, later in pairwise(order))
    assert claim(mine) is None


def test_resuming_returns_the_item_that_the_reviewer_already_has(client: Client) -> None:
    waiting(2)
    mine, other = reviewer(client), reviewer(client)
    first = claim(mine)
    assert claim(mine, resume=True)["id"] == first["id"]
    assert claim(other, resume=True)["id"] != first["id"]
    assert [each["id"] for each in mine.get(QUEUE, params={"mine": True}).json()["items"]] == [
        first["id"]
    ]


def test_a_released_or_expired_item_returns_to_the_queue(client: Client) -> None:
    waiting(1)
    mine, other = reviewer(client), reviewer(client)
    item = claim(mine)
    assert claim(other) is None
    assert mine.post(f"{QUEUE}/{item['id']}/release").status_code == 204
    assert claim(other)["id"] == item["id"]
    let_leases_end()
    assert claim(mine)["id"] == item["id"]
    assert other.post(f"{QUEUE}/{item['id']}/done", json=APPROVED).status_code == 409
    assert rows("select * from ai_admin_annotations") == []


def test_the_time_for_an_item_is_settable(client: Client) -> None:
    waiting(1)
    rules(client, lease_minutes=90)
    until = claim(reviewer(client))["claimed_until"]
    assert until > (clock.now() + timedelta(minutes=80)).isoformat()


def test_an_expired_lease_allows_saving_while_nobody_else_has_the_item(client: Client) -> None:
    waiting(1)
    mine = reviewer(client)
    item = claim(mine)
    let_leases_end()
    assert mine.post(f"{QUEUE}/{item['id']}/done", json=APPROVED).json()["state"] == "done"


def test_a_skipped_item_goes_to_other_reviewers_only(client: Client) -> None:
    waiting(1)
    mine, other = reviewer(client), reviewer(client)
    item = claim(mine)
    assert mine.post(f"{QUEUE}/{item['id']}/skip").status_code == 204
    assert claim(mine) is None
    assert mine.get(QUEUE).json()["total_count"] == 0
    for each, count in ((mine, 0), (other, 1)):
        counters = each.get(f"{QUEUE}/counters").json()
        assert (counters["waiting"], counters["waiting_for_me"]) == (1, count)
    assert claim(other)["id"] == item["id"]


def test_done_needs_that_one_has_said_something(client: Client) -> None:
    talk("a")
    mine = reviewer(client)
    item = mine.post(QUEUE, json={"message_id": "a-1"}).json()
    claim(mine)
    assert mine.post(f"{QUEUE}/{item['id']}/done").status_code == 409
    mine.post(f"{DOOR}/annotations", json={"message_id": "a-1", **FLAG}).raise_for_status()
    assert mine.post(f"{QUEUE}/{item['id']}/done").json()["state"] == "done"
    assert claim(reviewer(client)) is None


def test_two_review_blind_and_agree(client: Client) -> None:
    waiting(1, reviews=2)
    mine, other = reviewer(client), reviewer(client)
    item = claim(mine)
    assert mine.post(f"{QUEUE}/{item['id']}/done", json=APPROVED).json()["state"] == "waiting"
    assert claim(mine) is None
    assert claim(other)["id"] == item["id"]
    notes = f"{DOOR}/annotations"
    assert (mine.get(notes).json()["total_count"], other.get(notes).json()["total_count"]) == (1, 0)
    hidden = mine.get(notes).json()["items"][0]["id"]
    assert other.get(f"{notes}/{hidden}").status_code == 404
    assert other.post(f"{QUEUE}/{item['id']}/done", json=APPROVED).json()["state"] == "done"
    assert other.get(notes).json()["total_count"] == 2
    assert sorted(each["round"] for each in other.get(notes).json()["items"]) == [1, 2]


def test_an_admin_who_is_to_review_blind_neither_reads_nor_changes_what_another_said(
    client: Client,
) -> None:
    waiting(1, reviews=2)
    first, admin = reviewer(client), person(Role.ADMIN)
    item = claim(first)
    first.post(f"{QUEUE}/{item['id']}/done", json=APPROVED).raise_for_status()
    hidden = first.get(f"{DOOR}/annotations").json()["items"][0]["id"]
    first.put(f"{DOOR}/annotations/{hidden}", json={"content": "Well said."}).raise_for_status()
    assert (
        client(admin).put(f"{DOOR}/annotations/{hidden}", json={"content": "?"}).status_code == 404
    )
    assert client(admin).delete(f"{DOOR}/annotations/{hidden}").status_code == 404
    assert client(admin).get(f"{DOOR}/annotations/{hidden}/changes").status_code == 404
    first.delete(f"{DOOR}/annotations/{hidden}").raise_for_status()
    assert client(admin).get(f"{DOOR}/annotations/{hidden}/changes").status_code == 404
    told()
    deeds = client(admin).get("/admin/audit?action=annotation").json()["items"]
    assert [row["action"] for row in deeds] == ["annotation.delete", "annotation.change"]
    assert "approved" not in str(deeds)


def disagreed(client: Client) -> tuple[str, list[dict[str, Any]], list[httpx2.Client]]:
    """Return an item that two admins differ about, what they said, and who they are."""
    waiting(1, reviews=2)
    people = [reviewer(client, Role.ADMIN) for _ in range(2)]
    for each, said in zip(people, (APPROVED, FLAG), strict=True):
        item = claim(each)
        each.post(f"{QUEUE}/{item['id']}/done", json=said).raise_for_status()
    return item["id"], people[0].get(f"{QUEUE}/{item['id']}/opinions").json()["items"], people


def test_who_disagrees_is_decided_by_a_third_one_and_by_nobody_else(client: Client) -> None:
    item, (first, second), people = disagreed(client)
    in_dispute = {"state": "adjudication"}
    assert [
        each["id"] for each in reviewer(client).get(QUEUE, params=in_dispute).json()["items"]
    ] == [item]
    assert people[0].get(QUEUE, params=in_dispute).json()["items"] == []
    path = f"{DOOR}/annotations/{second['id']}/adjudicate"
    assert all(each.post(path, json={}).status_code == 403 for each in (*people, reviewer(client)))
    third = reviewer(client, Role.ADMIN)
    assert [each["id"] for each in third.get(QUEUE, params=in_dispute).json()["items"]] == [item]
    made = third.post(path, json={"severity": "minor"}).json()
    assert (made["annotation_type"], made["content"], made["severity"], made["round"]) == (
        "flag",
        "No.",
        "minor",
        3,
    )
    assert third.get(f"{QUEUE}/{item}").json()["state"] == "done"
    again = third.post(f"{DOOR}/annotations/{first['id']}/adjudicate", json={})
    assert again.status_code == 409


def test_who_corrects_his_type_comes_to_agree_or_to_differ_until_somebody_has_decided(
    client: Client,
) -> None:
    item, opinions, people = disagreed(client)

    def state_after(person_: httpx2.Client, opinion: dict[str, Any], type_: str) -> str:
        person_.put(
            f"{DOOR}/annotations/{opinion['id']}", json={"annotation_type": type_}
        ).raise_for_status()
        return str(person_.get(f"{QUEUE}/{item}").json()["state"])

    first, second = opinions
    assert state_after(people[1], second, "approved") == "done"
    assert state_after(people[0], first, "improvement") == "adjudication"
    # Nobody ends a dispute in another one's name
    assert state_after(people[1], first, "approved") == "adjudication"
    reviewer(client, Role.ADMIN).post(
        f"{DOOR}/annotations/{first['id']}/adjudicate", json={}
    ).raise_for_status()
    assert state_after(people[0], first, "flag") == "done"


def test_done_and_skip_can_be_taken_back_until_somebody_has_gone_on(client: Client) -> None:
    waiting(2, reviews=2)
    mine, other = reviewer(client), reviewer(client)
    skipped = claim(mine)
    mine.post(f"{QUEUE}/{skipped['id']}/skip")
    done = claim(mine)
    mine.post(f"{QUEUE}/{done['id']}/done", json=FLAG)
    assert mine.post(f"{QUEUE}/{done['id']}/undo").json()["reviews_done"] == 0
    assert rows("select * from ai_admin_annotations") == []
    assert mine.post(f"{QUEUE}/{done['id']}/undo").status_code == 409
    assert claim(other)["id"] == skipped["id"]
    assert mine.post(f"{QUEUE}/{skipped['id']}/undo").status_code == 409


def test_a_selection_is_approved_but_for_what_others_have(client: Client) -> None:
    waiting(4)
    mine, other = reviewer(client), reviewer(client)
    ids = [each["id"] for each in mine.get(QUEUE).json()["items"]]
    theirs = claim(other)["id"]
    answer = mine.post(
        f"{QUEUE}/bulk", json={"action": "approve", "ids": [*ids, str(new_id())]}
    ).json()
    assert (set(answer["done"]), theirs in answer["left"]) == (set(ids) - {theirs}, True)
    counters = mine.get(f"{QUEUE}/counters").json()
    assert (counters["waiting"], counters["mine_today"]) == (1, 3)
    assert counters["oldest_at"] is not None


def test_what_users_dislike_or_rewrite_joins_with_its_reasons(client: Client) -> None:
    rules(client, sample_share=0.0, double_share=0.0)
    for name in ("liked", "disliked", "rewritten", "poor", "whole"):
        talk(name)
    rate("liked", 1, message_id="liked-1")
    rate("disliked", -1, message_id="disliked-1")
    rate("rewritten", 5, message_id="rewritten-1", edited_text="Better.")
    rate("poor", 2, message_id="poor-1", scale="five", edited_text="Good.")
    rate("whole", -1)
    assert joined() == [
        (["edited", "rated_low"], 75),
        (["rated_low"], 70),
        (["rated_low"], 70),
        (["edited"], 60),
    ]


def test_errors_and_slow_answers_join_and_what_is_old_does_not(client: Client) -> None:
    rules(client, sample_share=0.0, slow_ms=1000)
    talk("failed", answer={"error": "timeout"})
    talk("slow", answer={"latency_ms": 1001})
    talk("quick", answer={"latency_ms": 1000})
    talk("old", days=31, answer={"error": "timeout"})
    told()
    assert joined() == [(["error"], 50), (["slow"], 30)]


@pytest.mark.parametrize(("share", "expected"), [(0.0, 0), (1.0, 3)])
def test_a_share_of_the_rest_joins_once_however_often_it_is_looked_at(
    client: Client, share: float, expected: int
) -> None:
    rules(client, sample_share=share, double_share=1.0)
    for number in range(3):
        talk(f"t{number}")
    told()
    for _ in range(2):
        jobs.fill(0)
    assert len(joined()) == expected
    assert {each["reviews_wanted"] for each in rows("select reviews_wanted from review_items")} <= {
        2
    }


def test_an_answer_of_a_conversation_that_goes_on_joins(client: Client) -> None:
    rules(client, sample_share=0.0)
    talk("a")
    told()
    jobs.fill(0)
    late = conversations.message(3, id="late", created_at=clock.now().isoformat(), error="timeout")
    stored({"id": "a", "messages": [late]})
    told()
    jobs.fill(0)
    assert joined() == [(["error"], 50)]


def test_a_completed_item_does_not_return_to_the_queue(client: Client) -> None:
    rules(client, sample_share=0.0, double_share=0.0)
    talk("a", answer={"error": "timeout"})
    told()
    mine = reviewer(client)
    item = claim(mine)
    mine.post(f"{QUEUE}/{item['id']}/done", json=APPROVED)
    rate("a", -1)
    assert claim(reviewer(client)) is None


def test_an_item_whose_message_is_deleted_leaves_the_queue(client: Client) -> None:
    waiting(1)
    rules(client, sample_share=0.0)
    talk("a", answer={"error": "timeout"})
    told()
    jobs.let_go(0)
    assert joined() == [(["error"], 50)]


def test_sixteen_reviewers_at_once_get_nothing_twice(client: Client) -> None:
    waiting(160)
    people = [reviewer(client) for _ in range(16)]

    def work(one: httpx2.Client) -> list[str]:
        found = []
        while (item := claim(one)) is not None:
            one.post(f"{QUEUE}/{item['id']}/done", json=APPROVED).raise_for_status()
            found.append(item["id"])
        return found

    with ThreadPoolExecutor(16) as pool:
        done = [id_ for ids in pool.map(work, people) for id_ in ids]
    assert (len(done), len(set(done))) == (160, 160)


@pytest.mark.prove
def test_sixteen_reviewers_some_of_whom_vanish_work_off_ten_thousand_items(client: Client) -> None:
    waiting(10_000)
    people = [reviewer(client) for _ in range(16)]
    done: Counter[str] = Counter()

    def work(number: int) -> list[str]:
        chance, found = random.Random(number), []
        while (item := claim(people[number])) is not None:
            if chance.random() < 0.05:
                continue  # he is gone, and has it
            people[number].post(f"{QUEUE}/{item['id']}/done", json=APPROVED).raise_for_status()
            found.append(item["id"])
        return found

    while rows("select from review_items where state = 'waiting' limit 1"):
        with ThreadPoolExecutor(16) as pool:
            done.update(id_ for found in pool.map(work, range(16)) for id_ in found)
        let_leases_end()
    assert (len(done), set(done.values())) == (10_000, {1})
    assert rows(
        "select count(*) as n, count(distinct message_id) as m from ai_admin_annotations"
    ) == [{"n": 10_000, "m": 10_000}]
    assert rows("select distinct state, reviews_done from review_items") == [
        {"state": "done", "reviews_done": 1}
    ]
