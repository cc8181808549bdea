"""Prompts over HTTP: a program's round from creation to rollback."""

import httpx2
import pytest

from tests.api.conftest import Client
from tests.factories.identity import person

CHAT = {
    "name": "support",
    "system_prompt": "Be {{tone}}.",
    "prompt": "{{history}}{{question}}",
    "variables": [{"name": "tone", "default": "kind"}],
    "default_parameters": {"temperature": 0.5},
    "model_id": "fake:echo",
}


@pytest.fixture
def mine(client: Client) -> httpx2.Client:
    return client(person())


def create(mine: httpx2.Client, **more: object) -> str:
    answer = mine.post("/templates", json=CHAT | more)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def test_from_creation_to_rollback(mine: httpx2.Client) -> None:
    made = create(mine)
    assert (
        mine.put(f"/templates/{made}", json={"system_prompt": "Be brief."}).json()["version"] == 2
    )
    for version in (1, 2):
        to = {"name": "production", "version": version}
        assert mine.post(f"/templates/{made}/labels", json=to).status_code == 200
    found = mine.post(f"/templates/{made}/labels/production/rollback").json()
    assert [(label["name"], label["version"]) for label in found["labels"]] == [("production", 1)]
    labels = mine.get(f"/templates/{made}/labels").json()
    assert [(move["from_version"], move["to_version"]) for move in labels["history"]] == [
        (2, 1),
        (1, 2),
        (None, 1),
    ]
    versions = mine.get(f"/templates/{made}/versions").json()["items"]
    assert [version["number"] for version in versions] == [2, 1]
    assert mine.delete(f"/templates/{made}/labels/production").status_code == 204
    assert mine.delete(f"/templates/{made}").status_code == 204
    assert mine.get(f"/templates/{made}").status_code == 404


def test_it_is_rendered_with_an_error_for_each_variable(mine: httpx2.Client) -> None:
    made = create(mine)
    found = mine.post(f"/templates/{made}/render", json={"variables": {"question": "why?"}})
    assert (found.json()["system_prompt"], found.json()["prompt"]) == ("Be kind.", "why?")
    refused = mine.post(f"/templates/{made}/render", json={"variables": {"tone": 1}})
    assert refused.status_code == 422
    assert {each["field"] for each in refused.json()["errors"]} == {
        "variables.tone",
        "variables.question",
    }


def test_it_is_checked_before_and_after_it_is_saved(mine: httpx2.Client) -> None:
    made = create(mine, prompt="# Question\n# Rules\n{{question}}")
    [undeclared, empty] = mine.post(f"/templates/{made}/check").json()["items"]
    assert (undeclared["code"], undeclared["line"]) == ("undeclared_variable", None)
    assert (empty["code"], empty["field"], empty["line"]) == ("empty_section", "prompt", 1)
    assert mine.post(f"/templates/{made}/check", json={"prompt": "Hello"}).json()["items"] == []


def test_a_check_reads_what_a_prompt_includes(mine: httpx2.Client) -> None:
    tone = create(mine, name="tone", prompt="Be {{tone}}. Answer in JSON.", system_prompt=None)
    made = create(mine, name="outer", prompt="x")
    content = {
        "prompt": "You answer the customer. {{> tone@latest}}{{> tone@latest}}",
        "variables": [{"name": "tone"}],
    }
    assert mine.post(f"/templates/{made}/check", json=content).json()["items"] == []
    mine.put(f"/templates/{tone}", json={"prompt": "x" * 100_000})
    [unused, long, vague] = mine.post(f"/templates/{made}/check", json=content).json()["items"]
    assert [unused["code"], vague["code"]] == ["unused_variable", "no_output_format"]
    assert "About 50,0" in long["message"]
    content = {"prompt": "{{> nothing}}"}
    assert mine.post(f"/templates/{made}/check", json=content).status_code == 422


def test_the_context_is_that_of_the_prompts_own_model(mine: httpx2.Client) -> None:
    made = create(mine)
    for model, count in (("fake:echo", 1), ("nowhere:unknown", 0)):
        limit = {"max_tokens": 100_000}
        content = {"prompt": "Hello", "model_id": model, "default_parameters": limit}
        found = mine.post(f"/templates/{made}/check", json=content).json()["items"]
        assert [each["code"] for each in found] == ["too_long"] * count


def test_it_is_executed_with_its_model_and_counted(mine: httpx2.Client) -> None:
    made = create(mine)
    call = {"template_id": made, "variables": {"question": "why?"}}
    for reference in (made, "support"):
        answer = mine.post("/prompts/execute", json=call | {"template_id": reference})
        assert answer.status_code == 200, answer.text
        assert "why?" in answer.json()["response"]
        assert answer.json()["template_version_id"] is not None
        assert answer.json()["model_id"] == "fake:echo"
    assert mine.get(f"/templates/{made}").json()["usage_count"] == 2
    streamed = mine.post("/prompts/execute/stream", json=call)
    assert "event: done" in streamed.text
    assert mine.get(f"/templates/{made}").json()["usage_count"] == 3


@pytest.mark.parametrize(
    ("more", "status", "words"),
    [
        ({"prompt": "x", "variables": {"question": "?"}}, 422, "has its own user text"),
        ({"system_prompt": "x", "variables": {"question": "?"}}, 422, "has its own"),
        ({"template_label": "production", "variables": {"question": "?"}}, 404, "no label"),
        ({}, 422, "question: A value is required."),
        ({"template_id": "nothing"}, 404, "No prompt with this"),
    ],
)
def test_a_call_that_cannot_be_made_says_why(
    mine: httpx2.Client, more: dict[str, object], status: int, words: str
) -> None:
    made = create(mine)
    answer = mine.post("/prompts/execute", json={"template_id": made} | more)
    assert answer.status_code == status
    assert words in answer.json()["detail"]
    assert mine.get(f"/templates/{made}").json()["usage_count"] == 0


def test_is_public_stands_for_a_visibility(mine: httpx2.Client) -> None:
    # Answers have the field, and a program that sent it back got a private prompt
    made = create(mine, is_public=True)
    for change, expected in (
        ({}, "public"),
        ({"is_public": True}, "public"),
        ({"is_public": False}, "private"),
        ({"is_public": True}, "public"),
        ({"visibility": "shared", "is_public": True}, "shared"),
        ({"is_public": False}, "shared"),
    ):
        changed = mine.put(f"/templates/{made}", json=change).raise_for_status().json()
        assert (changed["visibility"], changed["version"]) == (expected, 1), change


@pytest.mark.parametrize(
    ("more", "visibility"),
    [
        ({}, "private"),
        ({"is_public": False}, "private"),
        ({"is_public": True}, "public"),
        ({"is_public": True, "visibility": "private"}, "private"),
    ],
)
def test_a_new_prompt_is_private_unless_it_says_that_it_is_public(
    mine: httpx2.Client, more: dict[str, object], visibility: str
) -> None:
    assert mine.get(f"/templates/{create(mine, **more)}").json()["visibility"] == visibility


def test_a_call_without_text_or_prompt_is_refused(mine: httpx2.Client) -> None:
    for call in ({"model_id": "fake:echo"}, {"prompt": "x"}, {}):
        assert mine.post("/prompts/execute", json=call).status_code == 422


def test_nobody_says_which_version_a_call_of_texts_was(mine: httpx2.Client) -> None:
    version = mine.get(f"/templates/{create(mine)}/versions").json()["items"][0]["id"]
    call = {"model_id": "fake:echo", "prompt": "x", "template_version_id": version}
    assert mine.post("/prompts/execute", json=call).json()["template_version_id"] is None


@pytest.mark.parametrize("format_", ["yaml", "json"])
def test_a_file_goes_out_and_comes_in(mine: httpx2.Client, format_: str) -> None:
    made = create(mine)
    file = mine.get(f"/templates/{made}/export", params={"format": format_})
    assert file.headers["content-type"].startswith(f"application/{format_}")
    assert mine.post("/templates/import", content=file.content).status_code == 409
    copy = mine.post("/templates/import", content=file.content, params={"name": "copy"})
    assert (copy.status_code, copy.json()["system_prompt"]) == (201, CHAT["system_prompt"])
    assert mine.post("/templates/import", content=b"- a").status_code == 422


def test_there_are_six_starters_that_can_be_created(mine: httpx2.Client) -> None:
    found = mine.get("/templates/starters").json()["items"]
    assert len(found) == 6
    for starter in found:
        assert mine.post("/templates", json=starter).status_code == 201


def test_the_settings_door_saves_versions_of_the_default_prompt(mine: httpx2.Client) -> None:
    mine.put("/admin/settings", json={"default_prompt": "Be brief."})
    found = mine.get("/templates", params={"q": "Be brief"}).json()["items"]
    assert [(each["name"], each["version"]) for each in found] == [("default", 2)]
    assert mine.get("/admin/settings").json()["default_prompt"] == "Be brief."
