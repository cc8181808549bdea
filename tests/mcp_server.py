"""An MCP server of the protocol's own package, for tests: `python -m tests.mcp_server`.

It writes its port on the first line of its output, and answers only calls with TOKEN.
"""

import socket
import time

import uvicorn
from mcp.server import MCPServer
from mcp_types import ToolAnnotations
from starlette.types import ASGIApp, Receive, Scope, Send

TOKEN = "a-token-for-tests"
server = MCPServer("tests")


@server.tool(annotations=ToolAnnotations(read_only_hint=True))
def weather(city: str) -> str:
    """Return the weather of a city."""
    return f"<b>sunny</b> in {city}"


@server.tool()
def book(city: str, nights: int) -> dict[str, str | int]:
    """Book a room."""
    return {"city": city, "nights": nights}


@server.tool()
def broken() -> str:
    """Fail."""
    raise ValueError("out of rooms")


@server.tool()
def slow() -> str:
    """Answer after a minute."""
    time.sleep(60)
    return "late"


@server.tool()
def huge() -> str:
    """Answer with ten megabytes."""
    return "x" * 10_000_000


@server.tool()
def many() -> str:
    """Answer with half a megabyte of very many small values."""
    return "[]," * 150_000


def guarded(inner: ASGIApp) -> ASGIApp:
    """Return the server behind its token."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        wanted = (b"authorization", f"Bearer {TOKEN}".encode())
        if scope["type"] == "http" and wanted not in scope["headers"]:
            await send({"type": "http.response.start", "status": 401, "headers": []})
            await send({"type": "http.response.body", "body": b""})
            return
        await inner(scope, receive, send)

    return app


if __name__ == "__main__":
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()  # who connects before the server is there waits for it
        print(listening.getsockname()[1], flush=True)  # noqa: T201
        app = guarded(server.streamable_http_app(stateless_http=True))
        uvicorn.Server(uvicorn.Config(app, log_level="critical")).run(sockets=[listening])
