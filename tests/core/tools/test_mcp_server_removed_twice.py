"""Of two people who remove an MCP server at the same time, one removes it."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from core.database.db import transaction
from core.identity.schemas import Role
from core.mcp_servers import service
from core.mcp_servers.errors import McpServerMissing
from core.mcp_servers.schemas import NewMcpServer
from tests.factories.identity import person

WAIT_S, LONGEST_S = 0.5, 10


@pytest.mark.usefixtures("database")
def test_the_second_one_waits_and_finds_it_missing() -> None:
    # Both removed it, with two rows in the audit log
    actor = person(Role.ADMIN).actor
    new = NewMcpServer(name="docs", url="https://mcp.example.com/mcp")
    with transaction() as session:
        server_id = service.add_server(session, new, actor=actor).id

    def remove() -> None:
        with transaction() as session:
            service.remove_server(session, server_id, actor=actor)

    with ThreadPoolExecutor(1) as pool:
        with transaction() as session:
            service.remove_server(session, server_id, actor=actor)
            session.flush()
            second = pool.submit(remove)
            with pytest.raises(TimeoutError):
                second.result(timeout=WAIT_S)
        with pytest.raises(McpServerMissing):
            second.result(timeout=LONGEST_S)
