"""While the database is unavailable, programs get a problem with Retry-After, browsers a page that
retries.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx2
import pytest

from core.database.connections import disk_room, engines
from core.embedded.postgres import Postgres
from core.identity.schemas import Scope, SessionKind
from core.processes import startup
from tests.api.conftest import Client
from tests.factories.identity import Person, person
from tests.factories.keys import api_key, bearing
from tests.faults.hanging import hanging, noticed_soon
from tests.faults.program import until

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.fixture
def visitor(client: Client) -> httpx2.Client:
    """Return the browser of somebody who is signed in."""
    mine = client(prefix="")
    mine.headers.update(BROWSER | {"Cookie": f"attune={person(kind=SessionKind.BROWSER).token}"})
    return mine


@pytest.fixture
def gone(visitor: httpx2.Client, client: Client) -> Iterator[None]:
    with no_database():
        yield


@contextmanager
def no_database() -> Iterator[None]:
    """Take the database away."""
    before = engines.current()
    nowhere = engines.parse_address("postgresql://nobody@127.0.0.1:9/nothing")
    engines.use(
        engines.Engines(
            engines.create(nowhere, pool_size=1, overflow=0),
            engines.create(nowhere, pool_size=1, overflow=0),
        )
    )
    try:
        yield
    finally:
        engines.use(before)


@pytest.mark.parametrize(
    "path", ["/ai-metrics?days=90&app=a%26b", "/", "/login?next=%2Fusers", "/welcome/a-token"]
)
@pytest.mark.usefixtures("gone")
def test_a_page_is_a_page_whose_try_again_leads_to_what_was_clicked(
    visitor: httpx2.Client, path: str
) -> None:
    answer = visitor.get(path)
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) >= 1
    assert answer.headers["content-type"].startswith("text/html")
    assert "The database is not responding" in answer.text
    assert f'href="{path.replace("&", "&amp;")}">Try again' in answer.text


@pytest.mark.usefixtures("gone")
def test_try_again_never_leads_to_another_host(visitor: httpx2.Client) -> None:
    assert (
        'href="/evil.example/x">Try again'
        in visitor.get(str(visitor.base_url).rstrip("/") + "//evil.example/x").text
    )


@pytest.mark.usefixtures("gone")
def test_an_export_that_is_followed_as_a_link_is_a_page_and_a_programs_is_a_problem(
    visitor: httpx2.Client,
) -> None:
    export = "/api/v1/admin/users"
    assert "Try again" in visitor.get(export, headers={"Sec-Fetch-Dest": "document"}).text
    assert visitor.get(export).json()["code"] == "unavailable"


@pytest.mark.parametrize(
    "path", ["/api/v1/prompts/execute", "/api/v1/prompts/execute/stream", "/openai/v1/models"]
)
def test_a_call_that_cannot_be_counted_is_unavailable_and_not_a_server_error(
    client: Client, path: str
) -> None:
    method = "GET" if path.endswith("models") else "POST"
    program = client(prefix="")
    program.headers.update(bearing(api_key(Scope.EXECUTE)))
    # The key is authenticated from the cache afterwards
    known = program.request(method, path, json={"model_id": "fake:echo", "prompt": "x"})
    assert known.status_code == 200
    with no_database():
        answer = program.request(method, path, json={"model_id": "fake:echo", "prompt": "x"})
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) >= 1
    body = answer.json()
    assert (body.get("error") or body)["code"] == "unavailable"


def test_a_database_that_ended_for_want_of_room_is_reported_as_a_full_disk(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = client(person())
    monkeypatch.setattr(disk_room, "NEEDED_BYTES", 2**62)  # more than any disk has
    with no_database():
        answer = mine.get("/admin/ai/models")
    assert (answer.status_code, "is full" in answer.json()["detail"]) == (503, True)


def test_a_program_without_room_on_its_disk_is_not_ready(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    anyone = client(prefix="")
    assert anyone.get("/readyz").status_code == 200
    monkeypatch.setattr(disk_room, "NEEDED_BYTES", 2**62)
    answer = anyone.get("/readyz")
    assert (answer.status_code, answer.text) == (503, "the disk is full\n")


@pytest.mark.usefixtures("gone")
def test_an_outage_ends_no_sessions(visitor: httpx2.Client) -> None:
    assert "set-cookie" not in visitor.get("/login").headers


def test_a_hanging_database_is_503_for_all_who_ask_and_not_ready_until_it_goes_on(
    client: Client, cluster: Postgres
) -> None:
    someone: Person = person()
    mine, nobody = client(someone), client(prefix="")
    with startup.serving_engines(cluster.addresses()):
        assert mine.get("/models").status_code == 200
        with hanging(cluster), noticed_soon():
            answer = mine.get("/models")
            assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
            assert int(answer.headers["retry-after"]) >= 1
            assert nobody.get("/readyz").status_code == 503
            assert nobody.get("/healthz").status_code == 200
            assert nobody.get("/health").status_code == 503
            assert (
                nobody.post("/login", data={"email": "a@example.com", "password": "x"}).status_code
                == 503
            )
        until(lambda: nobody.get("/readyz").status_code == 200, 20)
        assert mine.get("/models").status_code == 200
