"""sessions/{id}/share and /fork: who may read a session, and copies of it."""

from uuid import UUID

import httpx2
import pytest

from api.routes.test.playground_feed import SESSION_MISSING
from core.identity.schemas import Role
from tests.api.conftest import Client
from tests.api.feeds import close_code, following, heard_until
from tests.factories.identity import Person, person
from tests.factories.playground import answered


@pytest.fixture
def one(client: Client) -> Person:
    return person()


@pytest.fixture
def mine(client: Client, one: Person) -> httpx2.Client:
    return client(one)


@pytest.fixture
def reader(client: Client) -> Person:
    return person()


def share(mine: httpx2.Client, session_id: UUID, *emails: str) -> httpx2.Response:
    accounts = [{"email": email} for email in emails]
    return mine.post(f"/sessions/{session_id}/share", json={"accounts": accounts})


def test_a_shared_session_is_read_listed_and_forked(
    client: Client, one: Person, mine: httpx2.Client, reader: Person
) -> None:
    id_ = answered(one.actor, "a").session_id
    shared = share(mine, id_, reader.actor.email)
    assert (shared.status_code, shared.json()) == (
        200,
        {"items": [{"email": reader.actor.email}]},
    )
    assert mine.get(f"/sessions/{id_}/share").json() == shared.json()
    assert [it["is_shared"] for it in mine.get("/sessions").json()["sessions"]] == [True]
    theirs = client(reader)
    assert theirs.get(f"/sessions/{id_}").json()["shared_by"] == one.actor.email
    history = theirs.get(f"/sessions/{id_}/history").json()
    assert history == mine.get(f"/sessions/{id_}/history").json()
    page = theirs.get("/sessions", params={"shared": True}).json()
    assert [it["session_id"] for it in page["sessions"]] == [str(id_)]
    assert theirs.get("/sessions").json()["total_count"] == 0
    copy = theirs.post(f"/sessions/{id_}/fork")
    assert (copy.status_code, copy.json()["shared_by"]) == (201, None)
    assert theirs.get("/sessions").json()["total_count"] == 1
    assert mine.get("/sessions").json()["total_count"] == 1


def test_after_unsharing_the_session_does_not_exist(
    client: Client, one: Person, mine: httpx2.Client, reader: Person
) -> None:
    id_ = answered(one.actor, "a").session_id
    share(mine, id_, reader.actor.email)
    assert share(mine, id_).json() == {"items": []}
    theirs = client(reader)
    assert theirs.get(f"/sessions/{id_}").status_code == 404
    assert theirs.post(f"/sessions/{id_}/fork").status_code == 404
    assert theirs.get("/sessions", params={"shared": True}).json()["total_count"] == 0


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PATCH", "", {"name": "x"}),
        ("DELETE", "", None),
        ("GET", "/export", None),
        ("GET", "/share", None),
        ("POST", "/share", {"accounts": []}),
        ("POST", "/regenerate", {}),
        ("POST", "/restore", None),
    ],
)
def test_a_reader_only_reads(
    client: Client,
    one: Person,
    mine: httpx2.Client,
    reader: Person,
    method: str,
    path: str,
    body: dict[str, object] | None,
) -> None:
    id_ = answered(one.actor, "a").session_id
    share(mine, id_, reader.actor.email)
    answer = client(reader).request(method, f"/sessions/{id_}{path}", json=body)
    assert answer.status_code == 404


def test_a_shared_session_in_the_trash_does_not_exist(
    client: Client, one: Person, mine: httpx2.Client, reader: Person
) -> None:
    id_ = answered(one.actor, "a").session_id
    share(mine, id_, reader.actor.email)
    mine.delete(f"/sessions/{id_}").raise_for_status()
    for path in ("", "/history"):
        assert client(reader).get(f"/sessions/{id_}{path}").status_code == 404


def test_an_unknown_email_is_refused_by_its_place(one: Person, mine: httpx2.Client) -> None:
    refused = share(mine, answered(one.actor).session_id, one.actor.email, "nobody@example.com")
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"] == "accounts.1.email"


def test_a_role_that_runs_no_models_reads_no_shared_session(
    client: Client, one: Person, mine: httpx2.Client
) -> None:
    id_, analyst = answered(one.actor).session_id, person(Role.ANALYST)
    share(mine, id_, analyst.actor.email)
    for path in (f"/sessions/{id_}", f"/sessions/{id_}/history", "/sessions?shared=true"):
        assert client(analyst).get(path).status_code == 403


def test_a_reader_follows_an_answer_until_the_session_is_shared_no_longer(
    address: str, client: Client, one: Person, mine: httpx2.Client, reader: Person
) -> None:
    id_ = answered(one.actor, "a").session_id
    share(mine, id_, reader.actor.email)
    with following(address, id_, reader) as socket:
        heard_until(socket, "playground_session")
        answered(one.actor, "b", session_id=id_)
        assert heard_until(socket, "playground_response")[-1]["content"].startswith(
            "Fake answer: b"
        )
        share(mine, id_)
        assert close_code(socket) == SESSION_MISSING
