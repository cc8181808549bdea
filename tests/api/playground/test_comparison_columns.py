"""What answers in a column: any service, a prompt with values for its variables, or a bot."""

from typing import Any
from uuid import UUID

import httpx2
import pytest

from tests.api.conftest import Client
from tests.factories import bots
from tests.factories.comparisons import begun, finish
from tests.factories.identity import Person, person
from tests.factories.services import call_back, register


@pytest.fixture
def one(client: Client) -> Person:
    return person()


@pytest.fixture
def mine(client: Client, one: Person) -> httpx2.Client:
    return client(one)


def compared(mine: httpx2.Client, *columns: dict[str, object]) -> dict[str, Any]:
    """Begin a comparison, and send a message."""
    made = mine.post("/comparisons", json={"columns": columns})
    assert made.status_code == 201, made.text
    body = {"message": "hi"}
    sent: dict[str, Any] = mine.post(f"/comparisons/{made.json()['id']}/turns", json=body).json()
    return sent


def answers_of(mine: httpx2.Client, comparison: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = mine.get(f"/comparisons/{comparison['id']}").json()["turns"]
    answers: list[dict[str, Any]] = found[-1]["answers"]
    return answers


def job_of(mine: httpx2.Client, column: dict[str, Any]) -> str:
    """Return the job of a kept column's newest answer."""
    history = mine.get(f"/sessions/{column['session_id']}/history").json()
    found: str = history["messages"][-1]["job_id"]
    return found


def test_a_service_that_is_not_active_answers_beside_the_active_one_and_a_model(
    mine: httpx2.Client,
) -> None:
    other = register(mine, name="Old bot")
    active = register(mine, name="New bot")
    sent = compared(mine, {"service_id": other["id"]}, {}, {"model": "fake:echo"})
    finish(UUID(sent["columns"][2]["session_id"]))
    assert [column["model"] for column in sent["columns"]] == ["Old bot", "New bot", "fake:echo"]
    assert [each["service_id"] for each in sent["columns"]] == [other["id"], active["id"], None]
    kept = mine.post(f"/comparisons/{sent['id']}/keep", json={"column": 1})
    job_id = job_of(mine, kept.json())
    assert call_back(mine, active["callback_secret"], job_id).status_code == 200
    assert answers_of(mine, sent)[0]["status"] == "pending"
    call_back(mine, other["callback_secret"], job_id, "from the old one")
    assert answers_of(mine, sent)[0]["content"] == "from the old one"


def test_a_service_that_was_removed_is_said_in_its_column_only(mine: httpx2.Client) -> None:
    service = register(mine, is_active=False)
    columns = [{"service_id": service["id"]}, {"model": "fake:echo"}]
    made = mine.post("/comparisons", json={"columns": columns}).json()
    mine.delete(f"/admin/services/{service['id']}")
    sent = mine.post(f"/comparisons/{made['id']}/turns", json={"message": "hi"})
    assert sent.status_code == 202
    finish(UUID(made["columns"][1]["session_id"]))
    gone, answered = answers_of(mine, made)
    assert gone["problem"].startswith("No such service.")
    assert answered["status"] == "completed"


def test_variables_of_a_prompt_are_filled_by_column_and_those_of_its_user_text_are_not_asked_for(
    mine: httpx2.Client,
) -> None:
    prompt = {"name": "shop", "system_prompt": "You work for {{shop}}.", "prompt": "{{question}}"}
    assert mine.post("/templates", json=prompt).status_code == 201
    column: dict[str, object] = {"model": "fake:echo", "prompt": "shop"}
    sent = compared(mine, *(column | {"variables": {"shop": name}} for name in ("Acme", "Bolt")))
    for each in sent["columns"]:
        finish(UUID(each["session_id"]))
    for answer, name in zip(answers_of(mine, sent), ("Acme", "Bolt"), strict=True):
        assert f"You work for {name}." in answer["content"]
    missing = mine.post("/comparisons", json={"columns": [column]})
    assert missing.status_code == 422
    assert missing.json()["errors"][0]["field"] == "variables.shop"


def test_a_bot_answers_with_its_personality_and_parameters(
    one: Person, mine: httpx2.Client
) -> None:
    bot = bots.made(one.actor, bot_name="Pirate", custom_instructions="Say arr.")
    sent = compared(mine, {"model": "fake:echo", "bot_id": str(bot.id)}, {"model": "fake:echo"})
    for column in sent["columns"]:
        finish(UUID(column["session_id"]))
    first, second = sent["columns"]
    assert (first["prompt"], first["bot_id"]) == ("Pirate v1", str(bot.id))
    assert first["parameters"]["temperature"] is not None
    assert (second["bot_id"], second["parameters"]) == (None, {})
    answer, plain = answers_of(mine, sent)
    assert "You are Pirate" in answer["content"]
    assert "You are Pirate" not in plain["content"]


def test_a_bot_gives_a_service_its_system_prompt_and_no_parameters(
    one: Person, mine: httpx2.Client
) -> None:
    service = register(mine)
    bot = bots.made(one.actor, bot_name="Pirate", custom_instructions="Say arr.")
    sent = compared(mine, {"service_id": service["id"], "bot_id": str(bot.id)})
    kept = mine.post(f"/comparisons/{sent['id']}/keep", json={"column": 1}).json()
    history = mine.get(f"/sessions/{kept['session_id']}/history").json()["messages"]
    assert "Say arr." in history[-1]["custom_prompt"]
    assert sent["columns"][0]["parameters"] == {}


def test_a_prompt_that_no_chat_takes_is_refused(mine: httpx2.Client) -> None:
    mine.post("/templates", json={"name": "long", "system_prompt": "x" * 50_001})
    refused = mine.post("/comparisons", json={"columns": [{"prompt": "long"}]})
    assert refused.status_code == 422
    assert "50,000" in refused.json()["detail"]


@pytest.mark.parametrize(
    "column",
    [
        {"model": "fake:echo", "service_id": "0199d2f0-0000-7000-8000-000000000001"},
        {"prompt": "a", "bot_id": "0199d2f0-0000-7000-8000-000000000001"},
        {"variables": {"shop": "Acme"}},
    ],
)
def test_a_column_names_one_answerer_and_one_prompt(
    mine: httpx2.Client, column: dict[str, object]
) -> None:
    assert mine.post("/comparisons", json={"columns": [column]}).status_code == 422


@pytest.mark.parametrize("kind", ["service_id", "bot_id"])
def test_what_does_not_exist_is_missing(mine: httpx2.Client, kind: str) -> None:
    column = {kind: "0199d2f0-0000-7000-8000-000000000001"}
    assert mine.post("/comparisons", json={"columns": [column]}).status_code == 404


def test_a_message_goes_to_a_named_service(mine: httpx2.Client) -> None:
    register(mine, name="Active")
    other = register(mine, name="Other", is_active=False)
    given = {"message": "hi", "service_id": other["id"]}
    sent = mine.post("/admin/playground/chat", json=given).json()
    history = mine.get(f"/sessions/{sent['session_id']}/history").json()["messages"]
    assert history[-1]["service_used"] == "Other"


def test_the_ids_of_blind_sessions_say_nothing_of_the_order_that_was_sent(one: Person) -> None:
    # IDs sort by time, and told which column was which of those that were sent
    for _ in range(10):
        ids = [column.session_id for column in begun(one.actor, blind=True).columns]
        assert ids == sorted(ids)
