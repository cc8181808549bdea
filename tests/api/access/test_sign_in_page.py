"""The sign-in page: a plain form, an HttpOnly cookie, and no redirects to other sites."""

from concurrent.futures import ThreadPoolExecutor
from http.cookies import SimpleCookie
from threading import Event

import httpx2
import pytest
from sqlalchemy import func, select

from api.routes.system import sign_in
from core.database.db import transaction
from core.database.tables import CoreAudit
from core.identity import passwords
from core.identity.models import AdminSession, SignInFailure
from core.identity.schemas import SessionKind
from core.platform.config import config
from tests.api.conftest import Client, ask, caller
from tests.api.serving import serving
from tests.factories.identity import PASSWORD, Person, person

LOCAL = [
    "/",
    "/playground",
    "/playground?session=1&x=a%20b#part",
    "/settings?tab=providers",
    "/ä",
    "/a//b",
    "/@evil.example",
    "/a:b",
]
ELSEWHERE = [
    "https://evil.example",
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "/\r\nSet-Cookie: a=b",
    "\t//evil.example",
    " //evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "evil.example",
    "http:evil.example",
    "/\u2028/evil.example",
    "/\0/evil.example",
    "",
    "/login?next=/login",
    "/login",
]


def sign(client: Client, one: Person, **more: str) -> httpx2.Response:
    return client(prefix="").post(
        "/login", data={"email": one.actor.email, "password": PASSWORD, **more}
    )


def cookie_of(answer: httpx2.Response) -> SimpleCookie:
    return SimpleCookie(answer.headers["set-cookie"])


def failures() -> int:
    with transaction() as session:
        return session.scalar(select(func.coalesce(func.sum(SignInFailure.failures), 0))) or 0


@pytest.mark.parametrize("wanted", LOCAL[:3])
def test_a_person_lands_where_they_wanted_to_go(client: Client, wanted: str) -> None:
    answer = sign(client, person(), next=wanted)
    assert answer.status_code == 303
    assert httpx2.URL(answer.headers["location"]) == httpx2.URL(wanted)


@pytest.mark.parametrize("wanted", ELSEWHERE[::3])
def test_sign_in_redirects_only_to_paths_of_attune(client: Client, wanted: str) -> None:
    answer = sign(client, person(), next=wanted)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/"


@pytest.mark.parametrize("wanted", ELSEWHERE[1::4])
def test_nor_is_who_is_signed_in_already(client: Client, wanted: str) -> None:
    one = person(kind=SessionKind.BROWSER)
    answer = client(prefix="").get(
        "/login", params={"next": wanted}, headers={"Cookie": f"attune={one.token}"}
    )
    assert answer.headers["location"] == "/"


@pytest.mark.parametrize("wanted", ['"><script>alert(1)</script>', "/'\"><img src=x>", "/<b>"])
def test_what_stands_in_the_address_is_text_in_the_page(client: Client, wanted: str) -> None:
    page = client(prefix="").get("/login", params={"next": wanted}).text
    assert "<script>" not in page
    assert "<img src=x>" not in page
    assert "<b>" not in page


def test_the_cookie_is_for_this_host_only_and_no_script_reads_it(client: Client) -> None:
    cookie = cookie_of(sign(client, person()))["attune"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "lax"
    assert cookie["path"] == "/"
    assert cookie["max-age"] == str(8 * 3600)
    assert not cookie["domain"]
    assert not cookie["secure"]


def test_over_https_the_cookie_is_secure_and_bound_to_the_host(client: Client) -> None:
    one = person()
    with serving(
        config().model_copy(update={"attune_public_url": "https://attune.example.com"})
    ) as address:
        answer = ask("POST", f"{address}/login", email=one.actor.email, password=PASSWORD)
        cookie = cookie_of(answer)["__Host-attune"]
        assert cookie["secure"]
        assert cookie["path"] == "/"
        assert not cookie["domain"]
        dead = ask("GET", f"{address}/login", {"Cookie": "__Host-attune=dead"})
        cleared = cookie_of(dead)["__Host-attune"]
        assert cleared["max-age"] == "0"
        assert cleared["secure"]  # without it a browser does not touch a cookie of this name


def test_an_invalid_cookie_is_cleared(client: Client) -> None:
    answer = client(prefix="").get("/login", headers={"Cookie": "attune=dead"})
    assert answer.status_code == 200
    assert cookie_of(answer)["attune"]["max-age"] == "0"


def test_each_sign_in_has_a_token_of_its_own(client: Client) -> None:
    one = person()
    tokens = {cookie_of(sign(client, one))["attune"].value for _ in range(3)}
    assert len(tokens) == 3


def test_a_wrong_password_shows_the_form_again_with_the_email_and_without_the_password(
    client: Client,
) -> None:
    answer = sign(
        client, person(email="one@example.com"), password="a wrong password", next="/settings"
    )
    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers
    assert 'value="one@example.com"' in answer.text
    assert 'value="/settings"' in answer.text
    assert "a wrong password" not in answer.text


def test_an_unknown_email_gets_the_same_page(client: Client) -> None:
    known, unknown = person(email="known@example.com"), "nobody@example.com"
    pages = [
        sign(client, known, email=email, password="wrong password").text
        for email in (known.actor.email, unknown)
    ]
    assert pages[0].replace("known@example.com", "") == pages[1].replace("nobody@example.com", "")


@pytest.mark.parametrize("method", ["HEAD", "GET", "OPTIONS"])
def test_looking_at_the_page_is_no_try_to_sign_in(client: Client, method: str) -> None:
    client(prefix="").request(method, "/login")
    assert failures() == 0


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost:1"])
def test_another_sites_page_cannot_sign_anybody_in(client: Client, origin: str) -> None:
    one = person()
    form = {"email": one.actor.email, "password": PASSWORD}
    answer = client(prefix="").post("/login", data=form, headers={"Origin": origin})
    assert answer.status_code == 403
    assert failures() == 0


def test_the_session_says_where_it_was_opened_from(client: Client) -> None:
    one = person()
    sign(client, one)
    with transaction() as session:
        opened = session.scalars(
            select(AdminSession).order_by(AdminSession.created_at.desc())
        ).first()
        told = session.scalars(select(CoreAudit).order_by(CoreAudit.id.desc())).first()
    assert opened is not None
    assert told is not None
    assert (opened.kind, opened.ip_address) == ("browser", "127.0.0.1")
    assert (opened.user_agent or "").startswith("python-httpx")
    assert (told.action, told.ip_address, told.targets) == (
        "session.sign_in",
        "127.0.0.1",
        {"kind": "browser"},
    )


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe",
        b"email=%00&password=%00",
        b"email=%ed%a0%80&password=x",
        b"&&&===",
        b"email[]=x",
    ],
)
def test_a_form_that_is_none_is_a_wrong_password(client: Client, body: bytes) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert client(prefix="").post("/login", content=body, headers=headers).status_code == 401


def test_a_form_that_is_too_large_is_refused(client: Client) -> None:
    answer = client(prefix="").post(
        "/login", data={"email": "a@example.com", "password": "x" * 70_000}
    )
    assert answer.status_code == 413


@pytest.mark.parametrize("wanted", [*LOCAL, *ELSEWHERE])
def test_the_rule_of_local_paths_is_one_function(wanted: str) -> None:
    assert sign_in.local_path(wanted) == (wanted if wanted in LOCAL else "/")


@pytest.mark.parametrize("path", ["/login", "/api/v1/admin/auth/login"])
def test_however_many_passwords_are_tried_the_house_goes_on(
    client: Client, address: str, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    is_checking, go_on = Event(), Event()

    def matches(*_given: object) -> bool:
        is_checking.set()
        return not go_on.wait(60)

    monkeypatch.setattr(passwords, "matches", matches)
    form = {"email": "nobody@example.com", "password": "x"}

    def attempt(_: int) -> int:
        with caller("") as stranger:
            given = {"data": form} if path == "/login" else {"json": form}
            return stranger.post(address + path, **given).status_code  # type: ignore[arg-type]  # one of the two

    with ThreadPoolExecutor(45) as pool:  # more than the threads that all other routes share
        tries = pool.map(attempt, range(45))
        assert is_checking.wait(30)
        assert client(person()).get("/models").status_code == 200
        go_on.set()
        assert set(tries) == {401}
