"""What an MCP server says of its tools and of their results harms nothing but its own tools."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx2
import pytest

# Python's expressions would try each of 2^24 ways to divide the letters, and let nothing else run
SLOW_PATTERN, TEXT = "^(a+)+$", "a" * 24 + "!"
RESULTS = {
    "slow_pattern": {"content": [], "structuredContent": {"said": TEXT}},
    "nul": {"content": [{"type": "text", "text": "out of rooms\0"}], "isError": True},
}
TOOLS = [
    {
        "name": "slow_pattern",
        "inputSchema": {"type": "object"},
        "outputSchema": {
            "type": "object",
            "properties": {"said": {"type": "string", "pattern": SLOW_PATTERN}},
        },
    },
    {
        "name": "nul",
        "description": "Books\0 a room.",
        "inputSchema": {"type": "object", "properties": {"a": {"description": "\0"}}},
    },
    {
        "name": "no_json",
        "inputSchema": {"type": "object", "properties": {"a": {"maximum": float("inf")}}},
    },
    {"name": "nul", "description": "Again.", "inputSchema": {"type": "object"}},
]


class Hostile(BaseHTTPRequestHandler):
    """Answers with what no server of the protocol's own package would send."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        results: dict[str, Any] = {
            "initialize": {
                "protocolVersion": "2025-06-18",
                "capabilities": {"tools": {}},
                "serverInfo": {"name": "hostile", "version": "1"},
            },
            "tools/list": {"tools": TOOLS},
            "tools/call": RESULTS.get(asked.get("params", {}).get("name")),
        }
        if "id" not in asked:
            self._send(202, b"")
        elif result := results.get(asked["method"]):
            self._send(
                200, json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": result}).encode()
            )
        else:
            error = {"code": -32601, "message": "unknown"}
            self._send(
                200, json.dumps({"jsonrpc": "2.0", "id": asked["id"], "error": error}).encode()
            )

    def do_GET(self) -> None:
        self._send(405, b"")

    def log_message(self, format: str, *args: object) -> None:
        pass

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def rooms(boss: httpx2.Client, allowed: None) -> Iterator[dict[str, Any]]:
    """Return the added server."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Hostile) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        given = {"name": "rooms", "url": f"http://127.0.0.1:{server.server_port}/mcp"}
        answer = boss.post("/admin/mcp-servers", json=given)
        assert answer.status_code == 201, answer.text
        yield answer.json()
        server.shutdown()


def call(boss: httpx2.Client, tool: str) -> dict[str, Any]:
    answer = boss.post(f"/tools/rooms__{tool}/test", json={"arguments": {}})
    called: dict[str, Any] = answer.raise_for_status().json()
    return called


def test_patterns_of_a_server_are_not_matched_with_its_results(
    boss: httpx2.Client, rooms: dict[str, Any]
) -> None:
    # Python's expressions backtrack: 41 letters would take days
    called = call(boss, "slow_pattern")
    assert called["error"] is None
    assert json.loads(called["result"]) == {"said": TEXT}


def test_texts_that_no_database_stores_are_stored_without_what_it_refuses(
    boss: httpx2.Client, rooms: dict[str, Any]
) -> None:
    assert rooms["status"] == "working"
    [tool] = [each for each in rooms["tools"] if each["name"] == "nul"]
    assert tool["description"] == "Books a room."
    assert "out of rooms" in call(boss, "nul")["error"]


def test_a_tool_whose_schema_is_no_json_or_whose_name_came_before_is_left_out(
    rooms: dict[str, Any],
) -> None:
    # Vendors refuse a call that offers one name twice
    assert [tool["name"] for tool in rooms["tools"]] == ["slow_pattern", "nul"]


def test_a_list_of_tools_that_takes_long_to_decode_is_refused(
    boss: httpx2.Client, rooms: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    # A million values in 3 MB took 0.9 s of CPU, during which no other thread runs
    monkeypatch.setitem(TOOLS[0], "inputSchema", {"type": "object", "examples": [[]] * 250_000})
    tested = boss.post(f"/admin/mcp-servers/{rooms['id']}/test").raise_for_status().json()
    assert tested["status_detail"] == "the response is too large"
