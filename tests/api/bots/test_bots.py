"""Bots over the API: drafts, versions, the active one, and whose they are."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import pytest
from sqlalchemy import select

from core.bots.models import BotConfiguration
from core.database.db import transaction
from core.identity.schemas import Role
from core.platform.ids import new_id
from tests.api.conftest import Client
from tests.factories.identity import Person, person


@pytest.fixture
def one(client: Client) -> Person:
    return person()


@pytest.fixture
def mine(client: Client, one: Person) -> httpx2.Client:
    return client(one)


def created(mine: httpx2.Client, **content: object) -> dict[str, Any]:
    answer = mine.post("/bots", json=content)
    assert answer.status_code == 201
    body: dict[str, Any] = answer.json()
    return body


def test_an_account_without_a_bot_gets_the_default_one_once(mine: httpx2.Client) -> None:
    mine.get("/scenarios")  # reads the description that the client checks answers by
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: mine.get("/bots/active"), range(4)))
    assert {each.status_code for each in answers} == {200}
    [bot] = mine.get("/bots").json()["items"]
    assert bot["personality_traits"] == dict.fromkeys(
        ("formality", "enthusiasm", "technical_depth", "empathy"), 50
    )
    assert (bot["response_style"], bot["is_active"], bot["version"]) == ("conversational", True, 1)


def test_a_patch_moves_one_slider_and_the_prompt_and_parameters_follow(
    mine: httpx2.Client,
) -> None:
    id_ = created(mine, personality_traits={"empathy": 80})["id"]
    previews = []
    for level in (0, 100):
        changed = mine.patch(f"/bots/{id_}", json={"personality_traits": {"enthusiasm": level}})
        assert changed.json()["personality_traits"] == {
            "formality": 50,
            "enthusiasm": level,
            "technical_depth": 50,
            "empathy": 80,
        }
        previews.append(mine.get(f"/bots/{id_}/preview-prompt").json())
    low, high = previews
    assert low["system_prompt"] != high["system_prompt"]
    assert low["parameters"]["temperature"] < high["parameters"]["temperature"]


@pytest.mark.parametrize("level", [-1, 101, 50.5, "high"])
def test_a_slider_outside_its_range_is_refused(mine: httpx2.Client, level: object) -> None:
    id_ = created(mine)["id"]
    refused = mine.patch(f"/bots/{id_}", json={"personality_traits": {"formality": level}})
    assert (refused.status_code, refused.json()["code"]) == (422, "validation_failed")


def test_a_blank_name_is_refused(mine: httpx2.Client) -> None:
    id_ = created(mine)["id"]
    assert mine.patch(f"/bots/{id_}", json={"bot_name": " "}).status_code == 422


def test_an_override_is_set_and_taken_away_by_itself(mine: httpx2.Client) -> None:
    id_ = created(mine, parameters={"temperature": 0.9})["id"]
    mine.patch(f"/bots/{id_}", json={"parameters": {"max_tokens": 42}})
    both = mine.get(f"/bots/{id_}/preview-prompt").json()
    assert (both["parameters"]["temperature"], both["parameters"]["max_tokens"]) == (0.9, 42)
    mine.patch(f"/bots/{id_}", json={"parameters": {"temperature": None}})
    one = mine.get(f"/bots/{id_}/preview-prompt").json()
    assert (one["parameters"]["temperature"], one["overridden"]) == (0.55, ["max_tokens"])


def test_of_an_accounts_bots_one_is_active(mine: httpx2.Client) -> None:
    first, second = created(mine)["id"], created(mine)["id"]
    mine.post(f"/bots/{first}/activate")
    mine.post(f"/bots/{second}/activate")
    assert mine.get("/bots/active").json()["id"] == second
    assert mine.post(f"/bots/{second}/deactivate").json()["is_active"] is False
    assert mine.get("/bots/active").status_code == 404


def test_two_activations_at_once_leave_one_active_bot(mine: httpx2.Client, one: Person) -> None:
    ids = [created(mine)["id"] for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda id_: mine.post(f"/bots/{id_}/activate"), ids))
    with transaction() as session:
        active = select(BotConfiguration).where(BotConfiguration.is_active)
        assert len(list(session.scalars(active))) == 1


def test_a_version_is_kept_compared_and_restored(mine: httpx2.Client) -> None:
    bot = created(mine, bot_name="Rosa")
    path = f"/bots/{bot['id']}"
    changes = {"personality_traits": {"formality": 95}, "custom_instructions": "Say please."}
    assert mine.patch(path, json=changes).json()["has_changes"] is True
    draft = mine.get(f"{path}/diff").json()
    assert [each["field"] for each in draft["changes"]] == [
        "personality_traits.formality",
        "custom_instructions",
    ]
    assert {each["kind"] for each in draft["system_prompt"]} == {"same", "added", "removed"}
    saved = mine.post(f"{path}/versions", json={"note": "Stricter"})
    assert (saved.status_code, saved.json()["number"]) == (201, 2)
    again = mine.post(f"{path}/versions", json={})
    assert (again.status_code, again.json()["code"]) == (409, "nothing_to_save")
    restored = mine.post(f"{path}/restore", json={"version": 1}).json()
    assert restored["personality_traits"]["formality"] == 50
    assert (restored["version"], restored["has_changes"]) == (2, True)
    history = mine.get(f"{path}/history").json()["items"]
    assert [(each["number"], each["note"]) for each in history] == [(2, "Stricter"), (1, "")]
    assert mine.post(f"{path}/restore", json={"version": 9}).status_code == 404


def test_a_shared_bot_and_its_versions_name_their_author_as_other_lists_do(
    client: Client, mine: httpx2.Client, one: Person
) -> None:
    bot = created(mine, visibility="shared")
    theirs = client(person(Role.ADMIN))
    assert theirs.get(f"/bots/{bot['id']}").json()["owner_name"] == one.actor.name
    [version] = theirs.get(f"/bots/{bot['id']}/history").json()["items"]
    assert version["created_by_name"] == one.actor.name


def test_a_private_bot_is_missing_for_others_and_a_shared_one_is_read_and_copied(
    client: Client, mine: httpx2.Client
) -> None:
    bot = created(mine, bot_name="Rosa")
    path = f"/bots/{bot['id']}"
    theirs = client(person())
    for answer in (theirs.get(path), theirs.patch(path, json={}), theirs.delete(path)):
        assert answer.status_code == 404
    mine.patch(path, json={"visibility": "shared"})
    assert theirs.get(path).json()["is_own"] is False
    for answer in (
        theirs.patch(path, json={"bot_name": "x"}),
        theirs.post(f"{path}/activate"),
        theirs.post(f"{path}/versions", json={}),
        theirs.delete(path),
    ):
        assert answer.status_code == 403
    copy = theirs.post(f"{path}/copy").json()
    assert (copy["bot_name"], copy["is_own"], copy["visibility"]) == (
        "Rosa (copy)",
        True,
        "private",
    )


def test_a_deleted_bot_is_gone(mine: httpx2.Client) -> None:
    id_ = created(mine)["id"]
    assert mine.delete(f"/bots/{id_}").status_code == 204
    assert mine.get(f"/bots/{id_}").status_code == 404


def test_changes_are_in_the_audit_log(mine: httpx2.Client, client: Client) -> None:
    bot = created(mine)
    mine.patch(f"/bots/{bot['id']}", json={"visibility": "shared"})
    mine.post(f"/bots/{bot['id']}/activate")
    mine.delete(f"/bots/{bot['id']}")
    rows = client(person(Role.SUPER_ADMIN)).get("/admin/audit").json()["items"]
    actions = [each["action"] for each in rows if each["action"].startswith("bot.")]
    assert actions == ["bot.delete", "bot.activate", "bot.change", "bot.create"]


def test_a_published_document_is_part_of_the_prompt_and_a_draft_is_left_out(
    mine: httpx2.Client,
) -> None:
    ids = []
    for status in ("published", "draft"):
        given = {"title": status, "content": f"The {status} rule.", "status": status}
        ids.append(mine.post("/admin/ai/knowledge/documents", json=given).json()["id"])
    bot = created(mine, knowledge={"documents": ids})
    found = mine.get(f"/bots/{bot['id']}/preview-prompt").json()
    assert "The published rule." in found["system_prompt"]
    assert "The draft rule." not in found["system_prompt"]
    assert found["left_out"] == [ids[1]]


def test_a_document_is_named_by_either_id(mine: httpx2.Client) -> None:
    names = ["refund-policy", str(new_id())]  # the sender's, which may be UUIDs
    for name in names:
        given = {"id": name, "title": name, "content": f"The rule of {name}."}
        mine.post("/admin/ai/knowledge/documents", json=given).raise_for_status()
    bot = created(mine, knowledge={"documents": names})
    found = mine.get(f"/bots/{bot['id']}/preview-prompt").json()
    assert found["left_out"] == []
    assert all(f"The rule of {name}." in found["system_prompt"] for name in names)


def test_the_sample_company_can_be_taken_over(mine: httpx2.Client) -> None:
    sample = mine.get("/bots/sample-company").json()
    bot = created(mine, knowledge=sample)
    assert bot["knowledge"] == sample
    prompt = mine.get(f"/bots/{bot['id']}/preview-prompt").json()["system_prompt"]
    assert sample["policies"][0] in prompt
