"""Cookies are accepted for writes and websockets only with the console's Origin, because other
sites' pages send them, too.
"""

from urllib.parse import urlsplit

import httpx2
import pytest
from websockets.exceptions import ConnectionClosedError, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from api.access.gate import origins
from core.identity.schemas import SessionKind
from core.platform.config import Config, config
from core.platform.ids import new_id
from tests.api.conftest import Client, ask
from tests.api.serving import serving
from tests.factories.identity import Person, person

FOREIGN = [
    "https://evil.example",
    "http://localhost:1",
    "null",
    "http://127.0.0.1.evil.example",
    "file://",
    "",
]
PUBLIC = "https://attune.example.com"
LOGOUT = "/api/v1/admin/auth/logout"


def cookie(one: Person, name: str = "attune") -> dict[str, str]:
    return {"Cookie": f"{name}={one.token}"}


def sign_out(address: str, headers: dict[str, str]) -> httpx2.Response:
    return ask("POST", address + LOGOUT, headers)


@pytest.fixture
def browsing(client: Client) -> Person:
    return person(kind=SessionKind.BROWSER)


@pytest.mark.parametrize("origin", FOREIGN)
def test_a_write_from_another_page_is_refused(address: str, browsing: Person, origin: str) -> None:
    answer = sign_out(address, {**cookie(browsing), "Origin": origin})
    assert answer.status_code == 403
    assert answer.json()["code"] == "origin_refused"


def test_a_write_that_names_no_origin_is_refused(address: str, browsing: Person) -> None:
    assert sign_out(address, cookie(browsing)).status_code == 403


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "LOCALHOST", "[::1]"])
def test_a_write_from_our_own_page_counts_under_each_name_of_this_machine(
    address: str, browsing: Person, name: str
) -> None:
    port = urlsplit(address).port
    assert (
        sign_out(address, {**cookie(browsing), "Origin": f"http://{name}:{port}"}).status_code
        == 204
    )


def test_reading_needs_no_origin(address: str, browsing: Person) -> None:
    answer = ask("GET", f"{address}/api/v1/admin/auth/me", cookie(browsing))
    assert answer.status_code == 200


def test_a_bearer_token_needs_no_origin(client: Client) -> None:
    answer = client(person()).post("/admin/auth/logout", headers={"Origin": "https://evil.example"})
    assert answer.status_code == 204


def test_a_cookie_gains_nothing_by_a_bearer_header_that_is_none(
    address: str, browsing: Person
) -> None:
    answer = sign_out(
        address,
        {**cookie(browsing), "Authorization": "Basic YTpi", "Origin": "https://evil.example"},
    )
    assert answer.status_code == 403


@pytest.mark.parametrize("origin", [None, *FOREIGN[:-1]])
def test_a_websocket_from_another_page_is_refused(
    address: str, browsing: Person, origin: str | None
) -> None:
    with pytest.raises(InvalidStatus) as refusal, follow(address, cookie(browsing), origin):
        pass
    assert refusal.value.response.status_code == 403


def test_a_websocket_by_bearer_token_needs_no_origin(address: str, client: Client) -> None:
    with (
        follow(address, person().headers, None) as socket,
        pytest.raises(ConnectionClosedError) as closed,
    ):
        socket.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4404  # let in, and then told that there is no such session


def test_behind_a_proxy_only_the_public_address_counts(client: Client) -> None:
    one = person(kind=SessionKind.BROWSER)
    with serving(config().model_copy(update={"attune_public_url": PUBLIC})) as address:
        sent = cookie(one, "__Host-attune")
        assert sign_out(address, {**sent, "Origin": address}).status_code == 403
        assert sign_out(address, {**sent, "Origin": "http://attune.example.com"}).status_code == 403
        assert sign_out(address, {**sent, "Origin": PUBLIC}).status_code == 204


def test_without_a_public_address_an_open_house_answers_to_the_host_that_was_asked(
    client: Client,
) -> None:
    one = person(kind=SessionKind.BROWSER)
    with serving(config().model_copy(update={"host": "0.0.0.0"})) as address:  # noqa: S104  the setting, nothing is bound
        host = {"Host": "attune.lan:8501"}
        assert (
            sign_out(address, {**cookie(one), **host, "Origin": "http://attune.lan"}).status_code
            == 403
        )
        assert (
            sign_out(
                address, {**cookie(one), **host, "Origin": "http://attune.lan:8501"}
            ).status_code
            == 204
        )


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]"])
def test_at_port_80_neither_host_nor_origin_has_a_port(host: str) -> None:
    assert f"http://{host}" in origins(Config(), host)


@pytest.mark.parametrize(
    "given",
    ["https://attune.example.com:443", "https://Attune.example.com/", "https://attune.example.com"],
)
def test_the_public_address_is_taken_as_a_browser_says_it(given: str) -> None:
    assert origins(Config(attune_public_url=given), "x") == {PUBLIC}


def follow(address: str, headers: dict[str, str], origin: str | None) -> ClientConnection:
    target = f"{address.replace('http', 'ws')}/api/v1/admin/playground/ws?session_id={new_id()}"
    allowed = Origin(origin) if origin else None
    return connect(target, additional_headers=headers, origin=allowed, open_timeout=60)
