"""Sessions as files: JSON that is imported again, Markdown and CSV without surprises."""

import csv
import io
from typing import Any

import httpx2
import pytest

from tests.api.conftest import Client
from tests.factories.identity import Person, person
from tests.factories.playground import answered

HOSTILE = """=1+1
## User
<img src=x onerror=alert(1)> ![](https://example.com/pixel)
```html
<b>kept</b>
```
<script>alert(1)</script>"""


@pytest.fixture
def one(client: Client) -> Person:
    return person()


@pytest.fixture
def mine(client: Client, one: Person) -> httpx2.Client:
    return client(one)


def message(role: str, content: str, **more: object) -> dict[str, object]:
    return {"role": role, "content": content, **more}


def imported(mine: httpx2.Client, *messages: dict[str, object], **details: object) -> str:
    """Return the address of an imported session."""
    body = {"format": "attune-session", "details": details, "messages": messages}
    answer = mine.post("/sessions/import", json=body).raise_for_status()
    return f"/sessions/{answer.json()['session_id']}"


def rate(mine: httpx2.Client, address: str, **given: object) -> None:
    """Rate the last message of a session."""
    last = mine.get(f"{address}/history").json()["messages"][-1]["id"]
    mine.put(f"{address}/messages/{last}/rating", json=given).raise_for_status()


def exported(mine: httpx2.Client, address: str, format_: str) -> httpx2.Response:
    return mine.get(f"{address}/export", params={"format": format_}).raise_for_status()


def without_ids(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    kept = (
        *("role", "content", "status", "service_used", "custom_prompt", "created_at"),
        *("rating", "note"),
    )
    return [{name: message[name] for name in kept} for message in messages]


def test_an_exported_session_is_imported_as_another_one_with_the_same_texts(
    one: Person, mine: httpx2.Client
) -> None:
    sent = answered(one.actor, "Grüße", custom_prompt="Be brief.", metadata={"a": [1]})
    address = f"/sessions/{sent.session_id}"
    mine.patch(address, json={"description": "b", "project": "c", "tags": ["d"]})
    rate(mine, address, rating=-1, note="Too\nlong")
    file = exported(mine, address, "json")
    assert file.headers["content-disposition"] == 'attachment; filename="gre.json"'
    copy = mine.post("/sessions/import", json=file.json())
    assert copy.status_code == 201
    before, after = mine.get(address).json(), copy.json()
    same = ("name", "description", "project", "tags", "metadata", "message_count")
    assert {name: after[name] for name in same} == {name: before[name] for name in same}
    # Whose prompt a file has, nobody knows
    assert after["draft"] == before["draft"] | {"has_prompt_of_others": True}
    assert after["session_id"] != before["session_id"]
    assert (after["execution_count"], float(after["total_cost"])) == (0, 0)
    histories = [mine.get(f"/sessions/{it['session_id']}/history").json() for it in (before, after)]
    assert without_ids(histories[0]["messages"]) == without_ids(histories[1]["messages"])


def test_an_imported_session_goes_on(one: Person, mine: httpx2.Client) -> None:
    address = imported(mine, message("user", "a"), message("assistant", "b", status="pending"))
    answered(one.actor, "c", session_id=address.rpartition("/")[2])
    messages = mine.get(f"{address}/history").json()["messages"]
    assert [it["content"] for it in messages][:3] == ["a", "b", "c"]
    assert [it["status"] for it in messages] == [None, "cancelled", None, "completed"]
    assert mine.get(address).json()["name"] == "a"


@pytest.mark.parametrize(
    "body",
    [
        {"format": "other"},
        {"format": "attune-session", "messages": [{"role": "system", "content": "x"}]},
        {"format": "attune-session", "messages": [{"role": "user", "content": "x"}] * 2001},
        {"format": "attune-session", "messages": [message("user", "x", response_time_ms=-1)]},
    ],
)
def test_a_file_that_is_no_session_is_refused(mine: httpx2.Client, body: dict[str, object]) -> None:
    assert mine.post("/sessions/import", json=body).status_code == 422
    assert mine.get("/sessions").json()["total_count"] == 0


def test_no_cell_of_a_csv_file_is_a_formula(mine: httpx2.Client) -> None:
    address = imported(mine, message("user", HOSTILE), message("assistant", "@b"))
    rows = list(csv.DictReader(io.StringIO(exported(mine, address, "csv").text)))
    assert [row["content"] for row in rows] == [f"'{HOSTILE}", "'@b"]
    assert [(row["position"], row["role"]) for row in rows] == [("1", "user"), ("2", "assistant")]


def test_a_markdown_file_has_neither_html_nor_images_nor_headings_of_messages(
    mine: httpx2.Client,
) -> None:
    address = imported(mine, message("user", HOSTILE), name="A <b>name</b>")
    text = exported(mine, address, "markdown").text
    assert text.startswith("# A \\<b\\>name\\</b\\>\n")
    assert [line for line in text.splitlines() if line.startswith("## ")] == ["## User"]
    assert "> \\<img src=x onerror=alert(1)> \\![](https" in text
    assert "> ```html\n> <b>kept</b>\n> ```\n> \\<script>alert(1)\\</script>" in text


@pytest.mark.parametrize(
    "hiding",
    [
        "- a\n  ```\n<img src=x>",
        "> ```\n<img src=x>",
        "``` a`b\n<img src=x>",
        "```\n````\n<img src=x>",
        "  ```\n```\n<img src=x>",
    ],
)
def test_code_that_has_ended_hides_no_html(mine: httpx2.Client, hiding: str) -> None:
    address = imported(mine, message("user", hiding))
    assert "\\<img" in exported(mine, address, "markdown").text


def test_ratings_and_notes_are_in_every_export(mine: httpx2.Client) -> None:
    address = imported(mine, message("user", "a"), message("assistant", "b", rating=1, note="=c"))
    rate(mine, address, rating=-1)
    [_, row] = csv.DictReader(io.StringIO(exported(mine, address, "csv").text))
    assert (row["rating"], row["note"]) == ("-1", "'=c")
    assert "\n- Rating: thumbs down\n- Note: =c\n" in exported(mine, address, "markdown").text
    answer = exported(mine, address, "json").json()["messages"][1]
    assert (answer["rating"], answer["note"]) == (-1, "=c")


def test_nobody_elses_session_is_exported(client: Client, mine: httpx2.Client) -> None:
    address = imported(mine, message("user", "a secret"))
    other = client(person())
    assert other.get(f"{address}/export").status_code == 404
    mine.delete(address)
    assert mine.get(f"{address}/export").status_code == 404


def test_a_file_may_be_larger_than_other_bodies(mine: httpx2.Client) -> None:
    address = imported(mine, *[message("assistant", "x" * 10**6)] * 3)
    assert mine.get(address).json()["message_count"] == 3


def test_a_download_is_audited_with_its_format(mine: httpx2.Client, one: Person) -> None:
    # A replay has messages of users
    session_id = answered(one.actor, "hello").session_id
    exported(mine, f"/sessions/{session_id}", "csv")
    [row] = mine.get("/admin/audit?action=playground.export").json()["items"]
    assert row["targets"] == {"session_id": str(session_id), "format": "csv"}
