"""The tool http_get reads listed hosts over https only, within bounds."""

from collections.abc import Callable, Iterator

import httpx2
import pytest

from core.identity.schemas import Actor, Role
from core.network import outbound
from core.platform import config
from core.platform.ids import new_id
from core.tools.errors import ToolFailed
from core.tools.http_get import MAX_BODY_BYTES, HttpAddress, http_get
from tests.factories.identity import CALLER

ACTOR = Actor(new_id(), "a@example.com", "A", Role.ADMIN, None, CALLER)
Respond = Callable[[httpx2.Request], httpx2.Response]


@pytest.fixture(autouse=True)
def listed_hosts(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("ATTUNE_TOOL_HOSTS", "api.example.com, localhost")
    config.config.cache_clear()
    yield
    monkeypatch.undo()
    config.config.cache_clear()


def answer_with(monkeypatch: pytest.MonkeyPatch, respond: Respond) -> None:
    def client(*_given: object, **_more: object) -> httpx2.Client:
        return httpx2.Client(transport=httpx2.MockTransport(respond))

    monkeypatch.setattr(outbound, "client", client)


def get(url: str) -> dict[str, object]:
    return http_get(HttpAddress(url=url), ACTOR)


def test_a_page_of_a_listed_host_is_returned(monkeypatch: pytest.MonkeyPatch) -> None:
    answer_with(monkeypatch, lambda _: httpx2.Response(200, text="hello"))
    found = get("https://API.example.com/x?y=1")
    assert (found["status"], found["body"]) == (200, "hello")


@pytest.mark.parametrize(
    "url",
    [
        "http://api.example.com/",
        "https://example.com/",
        "https://api.example.com.evil.example/",
        "https://api.example.com@evil.example/",
        "https://evil.example\\@api.example.com/",
        "https://user:word@api.example.com/",
        "https://api.example.com:8443/",
        "file:///etc/passwd",
        "//api.example.com/",
        "https://[::1",
        "",
    ],
)
def test_other_addresses_are_refused_without_a_connection(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    def never(request: httpx2.Request) -> httpx2.Response:
        raise AssertionError(request.url)

    answer_with(monkeypatch, never)
    with pytest.raises(ToolFailed):
        get(url)


def test_a_listed_name_of_a_private_address_is_refused() -> None:
    with pytest.raises(ToolFailed, match="private address"):
        get("https://localhost/")


def test_a_redirect_is_an_answer_and_not_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = {"location": "https://evil.example/"}
    answer_with(monkeypatch, lambda _: httpx2.Response(302, headers=elsewhere))
    assert get("https://api.example.com/")["status"] == 302


def test_a_huge_page_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    def huge() -> Iterator[bytes]:
        while True:
            yield b"x" * 50_000

    answer_with(monkeypatch, lambda _: httpx2.Response(200, content=huge()))
    assert len(str(get("https://api.example.com/")["body"])) == MAX_BODY_BYTES
