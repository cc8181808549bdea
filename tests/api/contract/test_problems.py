"""Every rejection is a problem (RFC 9457) with a stable code."""

import httpx2
import pytest

from api.request_bodies.ndjson import TooDense
from core.identity.schemas import Role
from core.ingest.bodies import BodyRefused
from tests.api.conftest import Client
from tests.api.routes import ANY_ID, ANY_WEEK, described, taking_bodies
from tests.factories.identity import person

MEMBERS = {"type", "title", "status", "detail", "code"}


@pytest.fixture
def mine(client: Client) -> httpx2.Client:
    return client(person())


def is_problem(answer: httpx2.Response, status: int, code: str) -> bool:
    body = answer.json()
    assert set(body) >= MEMBERS
    assert body["status"] == answer.status_code
    found = (answer.status_code, body["code"], answer.headers["content-type"])
    return found == (status, code, "application/problem+json")


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/admin",
        "/admin/",
        "/models/",
        "/admin/accounts/",
        "/docs/static/nothing.js",
        "/",
    ],
)
def test_an_address_that_is_none_is_404(mine: httpx2.Client, path: str) -> None:
    assert is_problem(mine.get(path), 404, "model_missing" if path == "/models/" else "not_found")


@pytest.mark.parametrize(
    "path",
    ["/api", "/api/", "/api/v1", "/otlp", "/otlp/v1/metrics", "/widget", "/widget/attune.js"],
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_what_is_not_there_yet_is_404_and_never_the_consoles_page(
    client: Client, path: str, method: str
) -> None:
    assert is_problem(
        client(person(), prefix="").request(method, path, headers={"Accept": "text/html"}),
        404,
        "not_found",
    )


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PATCH", "/models"),
        ("DELETE", "/prompts/execute"),
        ("PUT", "/admin/playground/chat"),
        ("POST", "/admin/audit"),
        ("HEAD", "/models"),
    ],
)
def test_another_method_is_405_and_says_which_are_taken(
    mine: httpx2.Client, method: str, path: str
) -> None:
    answer = mine.request(method, path)
    assert answer.status_code == 405
    assert answer.headers["allow"]
    assert method == "HEAD" or is_problem(answer, 405, "method_not_allowed")


@pytest.mark.parametrize("path", ["/healthz", "/login", "/door/door.css"])
def test_so_it_is_beside_the_api(client: Client, path: str) -> None:
    assert is_problem(
        client(person(), prefix="").request("DELETE", path), 405, "method_not_allowed"
    )


def test_a_body_that_does_not_fit_names_its_fields(mine: httpx2.Client) -> None:
    answer = mine.post(
        "/prompts/execute", json={"model_id": "", "prompt": "x", "parameters": {"temperature": 3}}
    )
    assert is_problem(answer, 422, "validation_failed")
    assert {error["field"] for error in answer.json()["errors"]} == {
        "model_id",
        "parameters.temperature",
    }
    assert all(error["message"] for error in answer.json()["errors"])


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=201",
        "limit=x",
        "limit=-1",
        "offset=-1",
        "offset=99999999999999999999",
        "limit=1e2",
    ],
)
def test_a_window_that_does_not_fit_is_422(mine: httpx2.Client, query: str) -> None:
    assert is_problem(mine.get(f"/admin/playground/sessions?{query}"), 422, "validation_failed")


@pytest.mark.parametrize(
    "id_", ["x", "0", "..", "%00", "0190a6e0", "zzzzzzzz-0000-7000-8000-000000000000"]
)
def test_an_id_that_is_none_is_422(mine: httpx2.Client, id_: str) -> None:
    assert mine.get(f"/prompts/{id_}").status_code in (404, 422)
    assert is_problem(
        mine.get("/admin/playground/history", params={"session_id": id_}), 422, "validation_failed"
    )


def test_an_id_of_nothing_is_404(client: Client) -> None:
    boss = client(person(Role.SUPER_ADMIN))
    answers = {
        str(route): boss.request(route.method, route.path)
        for route in described()
        if any(given in route.path for given in (ANY_ID, ANY_WEEK)) and not route.takes_body
    }
    problem = (404, "application/problem+json")
    assert {
        route: answer.text
        for route, answer in answers.items()
        if (answer.status_code, answer.headers["content-type"]) != problem
    } == {}


# Programs that send rows, and services, need not say that they are JSON.
OF_PROGRAMS = ("/ingest/", "/callback/")


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/xml", "multipart/form-data; boundary=x", "x", ""],
)
def test_a_body_of_another_type_is_refused(mine: httpx2.Client, content_type: str) -> None:
    answers = {
        str(route): mine.request(
            route.method, route.path, content=b"{}", headers={"Content-Type": content_type}
        )
        for route in taking_bodies()
        if not route.path.startswith(OF_PROGRAMS)
    }
    assert [
        route
        for route, answer in answers.items()
        if not is_problem(answer, 422, "validation_failed")
    ] == []


def test_unknown_fields_are_ignored(mine: httpx2.Client) -> None:
    body = {
        "model_id": "fake:echo",
        "prompt": "hello",
        "surprise": 1,
        "parameters": {"temperature": 1, "unheard_of": []},
    }
    assert mine.post("/prompts/execute", json=body).status_code == 200


def test_a_problem_is_never_a_page_even_for_a_browser(client: Client) -> None:
    answer = client(person()).get("/nothing", headers={"Accept": "text/html"})
    assert is_problem(answer, 404, "not_found")


def test_half_a_character_in_what_a_problem_quotes_is_a_question_mark(mine: httpx2.Client) -> None:
    # JSON can escape it and UTF-8 can't encode it: the words of a 404 were a 500
    prompt = mine.post("/templates", json={"name": "quoted", "prompt": "x"}).json()
    answer = mine.post(
        f"/templates/{prompt['id']}/render",
        content=b'{"label": "a\\ud800"}',
        headers={"Content-Type": "application/json"},
    )
    assert is_problem(answer, 404, "not_found")
    assert "“a?”" in answer.json()["detail"]


def test_an_empty_text_has_too_few_characters_not_items(mine: httpx2.Client) -> None:
    answer = mine.post("/bots", json={"bot_name": "  "})
    assert is_problem(answer, 422, "validation_failed")
    assert answer.json()["detail"] == "bot_name: String should have at least 1 character"


def test_a_message_is_one_line_however_its_docstring_is_wrapped() -> None:
    assert "one object per line." in BodyRefused().detail
    assert "100 times its size. Earlier lines" in TooDense().detail
