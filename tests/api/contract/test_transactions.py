"""A route that returns 200 has committed; failed commits and an unavailable database
return errors.
"""

from collections.abc import Iterator

import httpx2
import pytest
from sqlalchemy import text

from api import main
from api.deps import ActorDep, SessionDep
from core.database.connections import engines
from core.database.db import transaction
from core.embedded.postgres import Postgres
from core.executions.runner import Runner
from core.platform.config import config
from core.system.models import Heartbeat
from core.system.service import heartbeat
from tests.api.conftest import Client, caller
from tests.api.serving import serving
from tests.factories.identity import person


@pytest.fixture(scope="module")
def with_routes_of_our_own(cluster: Postgres) -> Iterator[str]:
    """Serve the API with routes whose commits fail in several ways."""
    api = main.create()

    @api.post("/test/commit-fails")
    def commit_fails(session: SessionDep, _actor: ActorDep) -> str:
        heartbeat.beat(session, "one")
        session.execute(
            text(
                "create temporary table two (id int primary key deferrable initially "
                "deferred) on commit drop"
            )
        )
        session.execute(text("insert into two values (1), (1)"))
        return "done"

    @api.post("/test/connection-dies")
    def connection_dies(session: SessionDep, _actor: ActorDep) -> str:
        heartbeat.beat(session, "one")
        pid = session.execute(text("select pg_backend_pid()")).scalar_one()
        with transaction() as other:
            other.execute(text("select pg_terminate_backend(:pid, 5000)"), {"pid": pid})
        return "done"

    @api.post("/test/commits")
    def commits(session: SessionDep, _actor: ActorDep) -> str:
        heartbeat.beat(session, "one")
        return "done"

    with serving(config(), api) as address:
        yield address


@pytest.fixture
def mine(with_routes_of_our_own: str, runner: Runner) -> Iterator[httpx2.Client]:
    with caller(f"{with_routes_of_our_own}/api/v1/test", person().headers) as client:
        yield client


def beats() -> int:
    with transaction() as session:
        return session.query(Heartbeat).count()


def test_a_response_of_200_means_that_the_data_is_committed(mine: httpx2.Client) -> None:
    assert mine.post("/commits").status_code == 200
    assert beats() == 1


def test_a_commit_that_fails_is_not_answered_with_200(mine: httpx2.Client) -> None:
    answer = mine.post("/commit-fails")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert beats() == 0


def test_a_connection_that_dies_before_the_commit_is_503_with_a_time_to_come_back(
    mine: httpx2.Client,
) -> None:
    answer = mine.post("/connection-dies")
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert int(answer.headers["retry-after"]) >= 1
    assert beats() == 0
    assert mine.post("/commits").status_code == 200


@pytest.fixture
def gone(database: Postgres) -> Iterator[None]:
    """Take the database away."""
    before = engines.current()
    nowhere = engines.parse_address("postgresql://nobody@127.0.0.1:9/nothing")
    engines.use(
        engines.Engines(
            engines.create(nowhere, pool_size=1, overflow=0),
            engines.create(nowhere, pool_size=1, overflow=0),
        )
    )
    yield
    engines.use(before)


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/models"), ("POST", "/admin/playground/chat"), ("POST", "/prompts/execute")],
)
def test_without_a_database_every_route_is_503(
    client: Client, request: pytest.FixtureRequest, method: str, path: str
) -> None:
    mine = client(person())
    request.getfixturevalue("gone")
    answer = mine.request(method, path, json={"message": "x"})
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert answer.headers["content-type"] == "application/problem+json"


def test_without_a_database_the_house_is_alive_and_says_what_is_missing(
    client: Client, request: pytest.FixtureRequest
) -> None:
    nobody = client(prefix="")
    request.getfixturevalue("gone")
    assert nobody.get("/healthz").status_code == 200
    assert nobody.get("/readyz").status_code == 200
    health = nobody.get("/health")
    assert health.status_code == 503
    assert {part["status"] for part in health.json()["dependencies"].values()} == {"unhealthy"}


def test_without_a_database_the_sign_in_page_says_so(
    client: Client, request: pytest.FixtureRequest
) -> None:
    nobody = client(prefix="")
    request.getfixturevalue("gone")
    answer = nobody.post("/login", data={"email": "a@example.com", "password": "x"})
    assert answer.status_code == 503
    assert "is not responding" in answer.text
    assert 'action="/login"' in answer.text


def test_a_list_in_which_one_database_is_gone_is_still_an_answer(client: Client) -> None:
    answer = client(person()).get("/admin/system/health")
    assert answer.status_code == 200
    parts = answer.json()["dependencies"]
    assert parts["core"]["status"] == parts["ai"]["status"] == "healthy"
    assert parts["core"]["detail"].startswith("Postgres")
    assert parts["worker"]["status"] == "unhealthy"
