"""Talk to MCP servers by Streamable HTTP, with the protocol's own package.

Each request has a connection of its own: servers may be restarted, and keep nothing for Attune.
"""

import json
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, TypeVar

import anyio
import httpx2
import mcp_types
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from core.database.tables import storable
from core.ingest.bodies import without_nul
from core.mcp_servers.errors import McpServerFailed
from core.mcp_servers.schemas import McpConnection, McpTool
from core.network import async_outbound
from core.network.allowed_addresses import AddressPolicy, AddressRefused
from core.network.async_outbound import MaxResponse
from core.platform.config import config

# A million values would let nothing else run for a second
MAX_LIST = MaxResponse(4 * 2**20, 200_000)
# Models get the first 20,000 characters of a result
MAX_RESULT = MaxResponse(2**20, 50_000)
MAX_TOOLS, MAX_PAGES = 128, 20
MAX_DESCRIPTION_CHARS, MAX_SCHEMA_BYTES = 4000, 50_000

Answer = TypeVar("Answer")


def list_tools(server: McpConnection, timeout_s: float) -> list[McpTool]:
    """Return the tools that a server lists, at most MAX_TOOLS; raise McpServerFailed."""
    return _ask(server, _listed, timeout_s, MAX_LIST)


def call_tool(
    server: McpConnection, name: str, arguments: dict[str, Any], timeout_s: float
) -> tuple[Any, bool]:
    """Return the result of a tool, and whether it is an error; raise McpServerFailed."""

    async def call(client: Client) -> tuple[Any, bool]:
        # The package would match results with the server's own patterns by Python's expressions,
        # some of which never end and let nothing else run
        client.session.validate_tool_result = _accept  # type: ignore[method-assign]
        result = await client.call_tool(name, arguments)
        return _content(result), result.is_error

    return _ask(server, call, timeout_s, MAX_RESULT)


def _ask(
    server: McpConnection,
    ask: Callable[[Client], Awaitable[Answer]],
    timeout_s: float,
    most: MaxResponse,
) -> Answer:
    try:
        # Callers are threads without an event loop
        return anyio.run(_connected, server, ask, timeout_s, most)
    except TimeoutError:
        raise McpServerFailed(f"The server did not answer within {timeout_s:g} s.") from None
    except Exception as error:  # groups of what the package's tasks raise
        raise McpServerFailed(_reason(error)) from error


async def _connected(
    server: McpConnection,
    ask: Callable[[Client], Awaitable[Answer]],
    timeout_s: float,
    most: MaxResponse,
) -> Answer:
    # Loopback and private addresses need ATTUNE_ALLOW_HOSTS.
    reach = AddressPolicy(loopback=False, named=config().attune_allow_hosts)
    token = server.token()
    # No redirect is followed, so the token is sent to this address only
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    http = async_outbound.client(
        reach,
        timeout=httpx2.Timeout(timeout_s),
        max_response=most,
        headers=headers,
    )
    http.event_hooks["response"].append(_refuse_rejected)
    with anyio.fail_after(timeout_s):
        async with http, Client(streamable_http_client(server.url, http_client=http)) as client:
            return await ask(client)


async def _accept(name: str, result: mcp_types.CallToolResult) -> None:
    pass


async def _refuse_rejected(response: httpx2.Response) -> None:
    """Raise for a rejected token, which the package reports without a reason."""
    if response.status_code in (401, 403):
        raise McpServerFailed(
            f"The server rejected the token ({response.status_code}). Remove the server, and add "
            "it with a valid token."
        )


async def _listed(client: Client) -> list[McpTool]:
    found: dict[str, McpTool] = {}
    cursor: str | None = None
    # A server may go on sending cursors without end
    for _ in range(MAX_PAGES):
        page = await client.list_tools(cursor=cursor)
        for tool in map(_tool, filter(_is_usable, page.tools)):
            found.setdefault(tool.name, tool)  # vendors refuse a call that offers a name twice
        cursor = page.next_cursor
        if not cursor or len(found) >= MAX_TOOLS:
            break
    return list(found.values())[:MAX_TOOLS]


def _is_usable(tool: mcp_types.Tool) -> bool:
    """Whether a tool's schema is JSON, and may be sent to models with every call."""
    try:
        return len(json.dumps(tool.input_schema, allow_nan=False)) <= MAX_SCHEMA_BYTES
    except ValueError:  # NaN, or 1e400: neither is stored, nor accepted by vendors
        return False


def _tool(tool: mcp_types.Tool) -> McpTool:
    hints = tool.annotations
    return McpTool(
        name=without_nul(tool.name),
        description=without_nul(tool.description or "")[:MAX_DESCRIPTION_CHARS],
        parameters=without_nul(tool.input_schema),
        is_read_only=bool(hints and hints.read_only_hint),
    )


def _content(result: mcp_types.CallToolResult) -> Any:  # noqa: ANN401  any JSON value
    """Return the structured result, else its texts; images and other parts become their type."""
    if result.structured_content is not None and not result.is_error:
        return result.structured_content
    parts = [
        part.text if isinstance(part, mcp_types.TextContent) else f"({part.type} left out)"
        for part in result.content
    ]
    return parts[0] if len(parts) == 1 else parts


def _reason(error: BaseException) -> str:
    """Return why no connection came about, or what the first error of a group says."""
    leaf = next(_leaves(error))
    told = (storable(str(leaf)) or type(leaf).__name__).strip()[:500]
    if not isinstance(leaf, httpx2.ConnectError) or _is_refused(leaf):
        return told
    return f"The server cannot be reached ({told}). Check its address, and that it runs."


def _is_refused(error: BaseException | None) -> bool:
    """Whether Attune refused the address; its message says what to do."""
    return error is not None and (
        isinstance(error, AddressRefused) or _is_refused(error.__cause__ or error.__context__)
    )


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            yield from _leaves(each)
    else:
        yield error
