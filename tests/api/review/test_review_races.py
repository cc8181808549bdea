"""Two tabs, expired leases, deleted accounts and other reviewers' items: nothing is lost or counted
twice.
"""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import httpx2
import pytest
from sqlalchemy import text

from core.database.db import Database, transaction
from core.identity.schemas import Role
from tests.api.conftest import Client
from tests.factories.annotations import rows, waiting
from tests.factories.conversations import conversation, stored
from tests.factories.identity import Person, person

DOOR = "/admin/ai/tuning"
QUEUE = f"{DOOR}/queue"
APPROVED, FLAG = {"annotation_type": "approved"}, {"annotation_type": "flag", "content": "No."}
ITEM = "select state, reviews_done, claimed_by from review_items"


def let_leases_end() -> None:
    with transaction(Database.AI) as ai:
        ai.execute(
            text(
                "update review_items set claimed_until = now() - interval '1 second' where "
                "claimed_by is not null"
            )
        )


def at_once(*acts: Callable[[], httpx2.Response]) -> Counter[int]:
    """Do things at the same moment; return how often which status came."""
    with ThreadPoolExecutor(len(acts)) as pool:
        return Counter(answer.status_code for answer in pool.map(lambda act: act(), acts))


@pytest.mark.parametrize("reviews", [1, 2])
def test_two_tabs_of_one_reviewer_save_the_same_item_once(client: Client, reviews: int) -> None:
    waiting(1, reviews=reviews)
    mine = person(Role.REVIEWER)
    tabs = [client(mine) for _ in range(6)]
    item = tabs[0].post(f"{QUEUE}/claim").json()["id"]
    found = at_once(*(partial(tab.post, f"{QUEUE}/{item}/done", json=FLAG) for tab in tabs))
    assert found == {200: 1, 409: 5}
    assert (
        len(rows("select from ai_admin_annotations")) == len(rows("select from review_passes")) == 1
    )
    assert rows(ITEM)[0]["reviews_done"] == 1


def test_two_tabs_of_one_reviewer_approve_selected_items_once(client: Client) -> None:
    for _ in range(5):
        with transaction(Database.AI) as ai:
            ai.execute(text("delete from review_items"))
            ai.execute(text("delete from ai_admin_annotations"))
        waiting(1, reviews=2)
        mine = person(Role.REVIEWER)
        tabs = [client(mine) for _ in range(4)]
        items = [str(each["id"]) for each in rows("select id from review_items")]
        body = {"action": "approve", "ids": items}
        at_once(*(partial(tab.post, f"{QUEUE}/bulk", json=body) for tab in tabs))
        assert rows(ITEM)[0]["reviews_done"] == 1
        assert len(rows("select from ai_admin_annotations")) == 1


def test_saving_and_skipping_in_two_tabs_leave_one_of_them(client: Client) -> None:
    for _ in range(5):
        with transaction(Database.AI) as ai:
            ai.execute(text("delete from review_items"))
            ai.execute(text("delete from ai_admin_annotations"))
        waiting(1)
        mine = person(Role.REVIEWER)
        first, second = client(mine), client(mine)
        item = first.post(f"{QUEUE}/claim").json()["id"]
        found = at_once(
            partial(first.post, f"{QUEUE}/{item}/done", json=FLAG),
            partial(second.post, f"{QUEUE}/{item}/skip"),
        )
        [left], said = rows(ITEM), len(rows("select from ai_admin_annotations"))
        assert (left["state"], left["reviews_done"], said) in (("done", 1, 1), ("waiting", 0, 0)), (
            found
        )
        assert found[409] == 1


def test_who_comes_too_late_to_a_lease_that_another_has_saves_nothing(client: Client) -> None:
    waiting(1)
    late, other = client(person(Role.REVIEWER)), client(person(Role.REVIEWER))
    item = late.post(f"{QUEUE}/claim").json()["id"]
    let_leases_end()
    found = at_once(
        partial(late.post, f"{QUEUE}/{item}/done", json=FLAG), partial(other.post, f"{QUEUE}/claim")
    )
    assert found in ({200: 2}, {200: 1, 204: 1}, {200: 1, 409: 1})
    said = rows("select admin_user_id from ai_admin_annotations")
    assert len(said) == rows(ITEM)[0]["reviews_done"] <= 1


def test_what_was_decided_is_taken_back_by_nobody_else(client: Client) -> None:
    waiting(1, reviews=2)
    first, second, admin = (
        client(person(role)) for role in (Role.REVIEWER, Role.REVIEWER, Role.ADMIN)
    )
    item = first.post(f"{QUEUE}/claim").json()["id"]
    first.post(f"{QUEUE}/{item}/done", json=FLAG).raise_for_status()
    assert second.post(f"{QUEUE}/claim").json()["id"] == item
    assert second.post(f"{QUEUE}/{item}/done", json=APPROVED).json()["state"] == "adjudication"
    assert first.post(f"{QUEUE}/{item}/undo").status_code == 409
    opinions = admin.get(f"{QUEUE}/{item}/opinions").json()["items"]
    admin.post(f"{DOOR}/annotations/{opinions[0]['id']}/adjudicate", json={}).raise_for_status()
    for each in (first, second, client(person(Role.ADMIN))):
        assert each.post(f"{QUEUE}/{item}/undo").status_code == 409
    assert (rows(ITEM)[0]["state"], len(rows("select from ai_admin_annotations"))) == ("done", 3)


def test_the_last_reviewer_takes_back_their_own_verdict_alone(client: Client) -> None:
    # It was refused because of the annotation of the reviewer before
    waiting(1, reviews=2)
    first, second = client(person(Role.REVIEWER)), client(person(Role.REVIEWER))
    item = first.post(f"{QUEUE}/claim").json()["id"]
    first.post(f"{QUEUE}/{item}/done", json=FLAG).raise_for_status()
    second.post(f"{QUEUE}/claim").raise_for_status()
    second.post(f"{QUEUE}/{item}/done", json=APPROVED).raise_for_status()
    assert second.post(f"{QUEUE}/{item}/undo").json()["state"] == "waiting"
    assert rows("select annotation_type from ai_admin_annotations") == [{"annotation_type": "flag"}]
    assert second.post(f"{QUEUE}/{item}/done", json=FLAG).json()["state"] == "done"


def test_two_who_decide_at_once_decide_once(client: Client) -> None:
    waiting(1, reviews=2)
    first, second = client(person(Role.REVIEWER)), client(person(Role.REVIEWER))
    item = first.post(f"{QUEUE}/claim").json()["id"]
    first.post(f"{QUEUE}/{item}/done", json=FLAG).raise_for_status()
    second.post(f"{QUEUE}/claim")
    second.post(f"{QUEUE}/{item}/done", json=APPROVED)
    made = first.get(f"{DOOR}/annotations").json()["items"][0]["id"]
    admins = [client(person(Role.ADMIN)) for _ in range(4)]
    path = f"{DOOR}/annotations/{made}/adjudicate"
    found = at_once(*(partial(one.post, path, json={}) for one in admins))
    assert found == {201: 1, 409: 3}
    assert len(rows("select from ai_admin_annotations where round = 3")) == 1


def gone(owner: httpx2.Client, account: Person) -> None:
    owner.delete(f"/admin/accounts/{account.actor.id}").raise_for_status()


def test_what_an_account_had_that_is_gone_comes_back_when_its_time_is_over(client: Client) -> None:
    waiting(1)
    stored(conversation("c"))
    vanishing, owner, other = (
        person(Role.REVIEWER),
        client(person(Role.SUPER_ADMIN)),
        client(person(Role.REVIEWER)),
    )
    his = client(vanishing)
    item = his.post(f"{QUEUE}/claim").json()["id"]
    his.put(f"{DOOR}/drafts/m1", json={"fields": {"content": "mine"}}).raise_for_status()
    gone(owner, vanishing)
    assert his.post(f"{QUEUE}/{item}/done", json=FLAG).status_code == 401
    assert other.post(f"{QUEUE}/claim").status_code == 204
    let_leases_end()
    assert other.post(f"{QUEUE}/claim").json()["id"] == item


def test_what_an_account_has_said_that_is_gone_stays_under_its_name_and_the_second_review_goes_on(
    client: Client,
) -> None:
    waiting(1, reviews=2)
    vanishing, owner, other = (
        person(Role.REVIEWER),
        client(person(Role.SUPER_ADMIN)),
        client(person(Role.REVIEWER)),
    )
    his = client(vanishing)
    item = his.post(f"{QUEUE}/claim").json()["id"]
    his.post(f"{QUEUE}/{item}/done", json=FLAG).raise_for_status()
    gone(owner, vanishing)
    assert other.post(f"{QUEUE}/claim").json()["id"] == item
    assert other.post(f"{QUEUE}/{item}/done", json=FLAG).json()["state"] == "done"
    assert {row["author_name"] for row in rows("select author_name from ai_admin_annotations")} >= {
        vanishing.actor.name
    }


def test_nobody_reaches_the_things_of_others(client: Client) -> None:
    waiting(1)
    stored(conversation("c"))
    mine, other = client(person(Role.REVIEWER)), client(person(Role.REVIEWER))
    item = mine.post(f"{QUEUE}/claim").json()["id"]
    mine.put(f"{DOOR}/drafts/m1", json={"fields": {"content": "mine"}}).raise_for_status()
    made = mine.post(f"{DOOR}/annotations", json={"message_id": "m1", **FLAG}).json()["id"]
    assert other.get(f"{DOOR}/drafts/m1").json() is None
    assert other.delete(f"{DOOR}/drafts/m1").status_code == 204
    other.put(f"{DOOR}/drafts/m1", json={"fields": {"content": "theirs"}}).raise_for_status()
    for act in ("done", "skip", "release", "undo"):
        assert other.post(f"{QUEUE}/{item}/{act}", json=FLAG).status_code == 409, act
    assert other.put(f"{DOOR}/annotations/{made}", json={"content": "x"}).status_code == 403
    assert other.delete(f"{DOOR}/annotations/{made}").status_code == 403
    left = other.post(f"{QUEUE}/bulk", json={"action": "approve", "ids": [item]}).json()
    assert left == {"done": [], "left": [item]}
    found = other.get(f"{DOOR}/annotations/{made}").json()
    assert found["content"] == "No."
