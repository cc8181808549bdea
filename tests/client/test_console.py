"""Calls of evaluations wait while Attune is away, and say what went wrong."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from attune_client.console import Console, EvaluationFailed
from tests.ports import free_port

Reply = tuple[int, dict[str, object] | str, dict[str, str]]
FINE: Reply = (200, {"id": "7"}, {})
AWAY: Reply = (503, {"detail": "Starting."}, {"Retry-After": "0"})


@pytest.fixture
def replies() -> list[Reply]:
    """What is answered, one call after the other."""
    return []


@pytest.fixture
def url(replies: list[Reply]) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body, headers = replies.pop(0)
            text = body.encode() if isinstance(body, str) else json.dumps(body).encode()
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(text))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_a_call_is_made_again_while_attune_is_away(url: str, replies: list[Reply]) -> None:
    replies += [AWAY, (429, {"detail": "Too many."}, {"Retry-After": "0"}), FINE]
    assert Console(url, "key").get("evaluation/7") == {"id": "7"}
    assert replies == []


def test_a_call_that_waits_says_once_what_it_waits_for(
    url: str, replies: list[Reply], caplog: pytest.LogCaptureFixture
) -> None:
    # With a wrong address, the command line was silent for five minutes
    replies += [AWAY, AWAY, FINE, FINE]
    Console(url, "key").get("evaluation/7")
    Console(url, "key").get("evaluation/7")
    assert [each.getMessage() for each in caplog.records] == [
        "trying again for up to 300 s: Starting."
    ]


def test_it_gives_up_in_the_words_of_the_last_answer(url: str, replies: list[Reply]) -> None:
    replies += [(503, {"detail": "Starting."}, {"Retry-After": "60"})]
    with pytest.raises(EvaluationFailed, match="Starting"):
        Console(url, "key", patience_s=1).get("evaluation/7")
    with pytest.raises(EvaluationFailed, match="can't be reached"):
        Console(f"http://127.0.0.1:{free_port()}", "key", patience_s=0).get("evaluation/7")
    with pytest.raises(EvaluationFailed, match="not an address"):
        Console("nowhere", "key").get("evaluation/7")


def test_a_refusal_is_not_tried_again_and_names_its_fields(url: str, replies: list[Reply]) -> None:
    fields = [{"field": "runs", "message": "Too many."}]
    replies += [(422, {"detail": "Some fields are invalid.", "errors": fields}, {}), FINE]
    with pytest.raises(EvaluationFailed, match=r"invalid\. runs: Too many\."):
        Console(url, "key").get("evaluation/7")
    detail = "runs: Too many.; name: Too long."  # as Attune's problems have it
    replies[:] = [(422, {"detail": detail, "errors": fields}, {})]
    with pytest.raises(EvaluationFailed, match=rf"^{detail}$"):
        Console(url, "key").get("evaluation/7")
    replies[:] = [(500, {}, {})]
    with pytest.raises(EvaluationFailed, match="status 500"):
        Console(f"{url}/api/v1", "key").get("evaluation/7")


def test_a_page_of_a_proxy_is_no_answer(url: str, replies: list[Reply]) -> None:
    replies += [(200, "<html>Sign in</html>", {})]
    with pytest.raises(EvaluationFailed, match="Check the address"):
        Console(url, "key").get("evaluation/7")


@pytest.mark.parametrize(("status", "told"), [(200, "Check the address"), (422, "status 422")])
def test_json_that_is_nested_too_deeply_is_no_answer(
    url: str, replies: list[Reply], status: int, told: str
) -> None:
    # Callers expect EvaluationFailed, and json raises RecursionError
    replies += [(status, "[" * 200_000, {})]
    with pytest.raises(EvaluationFailed, match=told):
        Console(url, "key").get("evaluation/7")
