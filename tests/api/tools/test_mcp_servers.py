"""MCP servers are added by admins, list their tools, and run them for models."""

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from core.mcp_servers import connection
from core.platform.config import ROOT
from tests.api.tools.test_tool_rounds import calling, execute, script
from tests.mcp_server import TOKEN


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """Start the server in a process of its own."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.mcp_server"], stdout=subprocess.PIPE, cwd=ROOT
    )
    with process:
        yield int((process.stdout.readline() if process.stdout else b"0").strip())
        process.kill()  # a tool may still be running


def add(boss: httpx2.Client, port: int, **more: object) -> dict[str, Any]:
    given = {"name": "rooms", "url": f"http://127.0.0.1:{port}/mcp", "token": TOKEN, **more}
    answer = boss.post("/admin/mcp-servers", json=given)
    assert answer.status_code == 201, answer.text
    added: dict[str, Any] = answer.json()
    return added


@pytest.mark.usefixtures("allowed")
def test_a_server_lists_its_tools_and_its_token_is_never_shown(
    boss: httpx2.Client, port: int
) -> None:
    added = add(boss, port)
    assert (added["status"], added["has_token"]) == ("working", True)
    assert {tool["name"]: tool["is_read_only"] for tool in added["tools"]} == {
        **dict.fromkeys(("book", "broken", "slow", "huge", "many"), False),
        "weather": True,
    }
    listed = boss.get("/admin/mcp-servers")
    assert listed.json()["items"] == [added]
    assert TOKEN not in listed.text
    offered = {tool["name"] for tool in boss.get("/tools").json()["items"]}
    assert {"rooms__weather", "rooms__book", "current_time"} <= offered


@pytest.mark.usefixtures("allowed")
def test_a_model_calls_its_tools_and_writes_wait_for_a_person(
    boss: httpx2.Client, port: int
) -> None:
    add(boss, port)
    asked = script(
        calling("rooms__weather", city="Rome"), calling("rooms__book", city="Rome", nights=2)
    )
    body = execute(boss, asked, "rooms__weather", "rooms__book")
    read, booked = body["tool_executions"]
    assert (read["status"], read["is_untrusted"]) == ("completed", True)
    assert "\\u003cb\\u003esunny" in read["result"]
    assert booked["status"] == "awaiting_confirmation"
    confirmed = boss.post(f"/prompts/{body['id']}/tools/{booked['id']}/confirm").json()
    assert (confirmed["status"], confirmed["error"]) == ("completed", None)
    assert '"nights": 2' in confirmed["result"]


@pytest.mark.usefixtures("allowed")
@pytest.mark.parametrize(
    ("tool", "arguments", "said"),
    [
        ("broken", {}, "Error executing tool broken"),
        ("book", {"city": "Rome", "nights": "many"}, "nights"),
        ("huge", {}, "too large"),
        ("many", {}, "too large"),
    ],
)
def test_what_fails_says_why(
    boss: httpx2.Client, port: int, tool: str, arguments: dict[str, object], said: str
) -> None:
    add(boss, port)
    answer = boss.post(f"/tools/rooms__{tool}/test", json={"arguments": arguments}).json()
    assert answer["result"] is None
    assert said in answer["error"]


@pytest.mark.usefixtures("allowed")
def test_one_that_does_not_answer_in_time_is_left(
    boss: httpx2.Client, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(boss, port)
    monkeypatch.setattr(connection, "CALL_TIMEOUT_S", 0.5)
    answer = boss.post("/tools/rooms__slow/test", json={"arguments": {}}).json()
    assert answer["error"] == "MCP server rooms: The server did not answer within 0.5 s."


def test_a_host_that_is_not_allowed_is_refused(boss: httpx2.Client, port: int) -> None:
    added = add(boss, port)
    assert (added["status"], added["tools"]) == ("failing", [])
    assert added["status_detail"] == (
        "127.0.0.1 is a private address. Add it to ATTUNE_ALLOW_HOSTS if Attune may call it."
    )


@pytest.mark.usefixtures("allowed")
def test_one_that_is_not_up_is_told_as_such(boss: httpx2.Client) -> None:
    added = add(boss, 9)
    assert added["status_detail"] == (
        "The server cannot be reached (All connection attempts failed). Check its address, and that"
        " it runs."
    )


@pytest.mark.usefixtures("allowed")
def test_a_wrong_token_is_said(boss: httpx2.Client, port: int) -> None:
    added = add(boss, port, token="wrong")
    assert (added["status"], added["tools"]) == ("failing", [])
    assert "rejected the token (401)" in added["status_detail"]


@pytest.mark.usefixtures("allowed")
def test_a_removed_server_offers_nothing(boss: httpx2.Client, port: int) -> None:
    added = add(boss, port)
    assert boss.delete(f"/admin/mcp-servers/{added['id']}").status_code == 204
    assert boss.post("/tools/rooms__weather/test", json={"arguments": {}}).status_code == 404
    assert boss.delete(f"/admin/mcp-servers/{added['id']}").status_code == 404


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"name": "Rooms"}, 422),
        ({"name": "a__b"}, 422),
        ({"url": "ftp://a.example"}, 422),
        ({"url": "https://me:secret@a.example/mcp"}, 422),
        ({"token": "two words"}, 422),
        ({}, 409),
    ],
    ids=str,
)
def test_one_that_cannot_be_is_refused(
    boss: httpx2.Client, change: dict[str, object], status: int
) -> None:
    given = {"name": "rooms", "url": "https://127.0.0.1:9/mcp"}
    boss.post("/admin/mcp-servers", json=given)
    assert boss.post("/admin/mcp-servers", json=given | change).status_code == status
