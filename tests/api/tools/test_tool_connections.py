"""Tools of MCP servers cost a request no second connection, and no read on the event loop."""

import asyncio
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import httpx2
import pytest
from sqlalchemy import event

from core.database.connections import engines
from core.database.db import transaction
from core.identity.schemas import Role
from core.mcp_servers import service
from core.mcp_servers.schemas import McpTool, NewMcpServer
from core.platform.crypto import Keyring
from tests.api.conftest import Client
from tests.api.tools.test_tool_rounds import calling, script
from tests.factories.identity import Person, person

TOOL = "rooms__weather"


@dataclass
class Connections:
    """Connections to `core` that each thread holds, and what should never happen."""

    held: Counter[int] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def take(self, *_: object) -> None:
        thread = threading.current_thread()
        self.held[threading.get_ident()] += 1
        if self.held[threading.get_ident()] > 1:
            self.wrong.append(f"{thread.name} takes a second connection")
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return
        self.wrong.append(f"{thread.name} reads on the event loop")

    def give_back(self, *_: object) -> None:
        self.held[threading.get_ident()] -= 1


@pytest.fixture
def boss() -> Person:
    """Return an admin of an Attune with one MCP server, which is not up."""
    admin = person(Role.ADMIN)
    given = NewMcpServer(name="rooms", url="https://127.0.0.1:9/mcp", token="a-token")
    tool = McpTool(name="weather", description="", parameters={"type": "object"})
    with transaction() as session:
        added = service.add_server(session, given, actor=admin.actor)
        service.record_check(session, added.id, tools=[tool, tool], detail=None)
    return admin


@pytest.fixture
def mine(client: Client, boss: Person) -> httpx2.Client:
    return client(boss)


@pytest.fixture
def connections(mine: httpx2.Client) -> Iterator[Connections]:
    """Watch the connections of all lanes."""
    seen = Connections()
    pools = [each for each in engines.current().all() if each is not engines.current().ai]
    for pool in pools:
        event.listen(pool, "checkout", seen.take)
        event.listen(pool, "checkin", seen.give_back)
    yield seen
    for pool in pools:
        event.remove(pool, "checkout", seen.take)
        event.remove(pool, "checkin", seen.give_back)


def test_a_call_that_names_tools_takes_one_connection_at_a_time(
    mine: httpx2.Client, connections: Connections
) -> None:
    asked = {"model_id": "fake:echo", "prompt": "hello", "tools": [TOOL, "current_time"]}
    mine.post("/prompts/execute", json=asked).raise_for_status()
    mine.post("/prompts/execute/stream", json=asked).raise_for_status()
    assert connections.held
    assert connections.wrong == []


def test_a_message_of_the_playground_takes_one_connection_at_a_time(
    mine: httpx2.Client, connections: Connections
) -> None:
    sent = {"message": "hello", "model": "fake:echo", "tools": [TOOL]}
    mine.post("/admin/playground/chat", json=sent).raise_for_status()
    assert connections.held
    assert connections.wrong == []


def test_a_confirmed_call_takes_one_connection_at_a_time(
    mine: httpx2.Client, connections: Connections
) -> None:
    untrusted = [{"role": "tool", "content": "{}", "tool_call_id": "c"}]
    before = {"role": "assistant", "content": "", "tool_calls": [{"id": "c", "name": "x"}]}
    asked = {
        "model_id": "fake:echo",
        "prompt": script(calling(TOOL), {"text": "It waits."}),
        "messages": [{"role": "user", "content": "x"}, before, *untrusted],
        "tools": [TOOL],
    }
    body = mine.post("/prompts/execute", json=asked).raise_for_status().json()
    [call] = body["tool_executions"]
    assert call["status"] == "awaiting_confirmation"
    confirmed = mine.post(f"/prompts/{body['id']}/tools/{call['id']}/confirm").json()
    assert confirmed["status"] == "failed"  # the server is not up
    assert connections.wrong == []


def test_tokens_are_not_decrypted_to_list_tools(
    mine: httpx2.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    decrypt = Keyring.open

    def note(self: Keyring, envelope: bytes, **place: object) -> str:
        opened.append(str(place["column"]))
        return decrypt(self, envelope, **place)  # type: ignore[arg-type]

    monkeypatch.setattr(Keyring, "open", note)
    listed = mine.get("/tools").raise_for_status().json()["items"]
    assert TOOL in {tool["name"] for tool in listed}
    assert "mcp_servers.token" not in opened
