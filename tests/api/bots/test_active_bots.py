"""Which bot is active follows `is_active` of a new or changed bot, as it follows the routes."""

import httpx2
import pytest

from tests.api.conftest import Client
from tests.factories.identity import person


@pytest.fixture
def mine(client: Client) -> httpx2.Client:
    return client(person())


def active_names(mine: httpx2.Client) -> list[str]:
    return [each["bot_name"] for each in mine.get("/bots").json()["items"] if each["is_active"]]


def test_bot_created_as_active_takes_the_place_of_the_active_one(mine: httpx2.Client) -> None:
    mine.get("/bots/active")
    made = mine.post("/bots", json={"bot_name": "Rosa", "is_active": True})
    assert (made.status_code, made.json()["is_active"]) == (201, True)
    assert active_names(mine) == ["Rosa"]
    mine.post("/bots", json={"bot_name": "Lily"})
    assert active_names(mine) == ["Rosa"]


def test_changed_bot_is_activated_and_deactivated(mine: httpx2.Client) -> None:
    mine.get("/bots/active")
    path = f"/bots/{mine.post('/bots', json={'bot_name': 'Rosa'}).json()['id']}"
    changed = mine.patch(path, json={"is_active": True, "bot_name": "Rose"}).json()
    assert (changed["is_active"], changed["bot_name"]) == (True, "Rose")
    assert active_names(mine) == ["Rose"]
    assert mine.patch(path, json={"bot_name": "Rosa"}).json()["is_active"] is True
    assert mine.patch(path, json={"is_active": False}).json()["is_active"] is False
    assert mine.get("/bots/active").status_code == 404


def test_scenario_created_as_inactive_is_inactive(mine: httpx2.Client) -> None:
    new = {"name": "Returns", "user_messages": ["How do I return it?"]}
    assert mine.post("/scenarios", json={**new, "is_active": False}).json()["is_active"] is False
    assert mine.post("/scenarios", json=new).json()["is_active"] is True
