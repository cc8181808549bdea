"""Rate limits per account and minute: headers of every response, and 429 with Retry-After."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest

from api import rate_limits
from attune_client import Client
from core.executions.runner import Runner
from core.identity.schemas import Role, Scope
from core.platform.config import config
from tests.api.conftest import caller
from tests.api.serving import serving
from tests.factories.identity import Person, person
from tests.factories.keys import api_key
from tests.factories.prompts import create, label

HEADERS = {"ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"}
EXECUTE = {"model_id": "fake:echo", "prompt": "x"}


@pytest.fixture
def narrow(
    settings: pytest.MonkeyPatch, runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """Serve with a limit of three calls a minute, and two streams."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RATE_LIMIT_STANDARD", "3")
        patch.setenv("RATE_LIMIT_STREAMING", "2")
        config.cache_clear()
        with serving(config()) as address:
            yield address
    config.cache_clear()


@pytest.fixture
def one(narrow: str) -> Person:
    return person()


@pytest.fixture
def mine(narrow: str, one: Person) -> Iterator[httpx2.Client]:
    with caller(f"{narrow}/api/v1", one.headers) as client:
        yield client


def test_every_answer_says_what_is_left(mine: httpx2.Client) -> None:
    answers = [mine.get("/models") for _ in range(3)]
    assert [each.headers["ratelimit-remaining"] for each in answers] == ["2", "1", "0"]
    assert all(1 <= int(each.headers["ratelimit-reset"]) <= 60 for each in answers)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/models", 200),
        ("GET", "/prompts/00000000-0000-7000-8000-000000000000", 404),
        ("POST", "/prompts/execute", 422),
        ("GET", "/admin/accounts", 403),
    ],
)
def test_so_does_one_that_refuses(mine: httpx2.Client, method: str, path: str, status: int) -> None:
    answer = mine.request(method, path, json={} if method == "POST" else None)
    assert answer.status_code == status
    assert set(answer.headers) >= HEADERS


def test_so_does_an_execution_and_a_stream(mine: httpx2.Client) -> None:
    plain = mine.post("/prompts/execute", json=EXECUTE)
    streamed = mine.post("/prompts/execute/stream", json=EXECUTE)
    assert (plain.headers["ratelimit-limit"], streamed.headers["ratelimit-limit"]) == ("3", "2")
    assert (plain.headers["ratelimit-remaining"], streamed.headers["ratelimit-remaining"]) == (
        "2",
        "1",
    )


def test_one_too_many_is_429_and_says_when_to_come_back(mine: httpx2.Client) -> None:
    answers = [mine.get("/models") for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    last = answers[-1]
    assert last.json()["code"] == "rate_limited"
    assert last.headers["content-type"] == "application/problem+json"
    assert 1 <= int(last.headers["retry-after"]) <= 60
    assert (last.headers["ratelimit-limit"], last.headers["ratelimit-remaining"]) == ("3", "0")


def test_streams_are_counted_apart(mine: httpx2.Client) -> None:
    for _ in range(4):
        mine.get("/models")
    codes = [mine.post("/prompts/execute/stream", json=EXECUTE).status_code for _ in range(3)]
    assert codes == [200, 200, 429]


def test_processes_that_start_at_once_with_one_key_all_get_their_prompt(narrow: str) -> None:
    # Each reads its prompts once a minute: from the hundred-and-first process on, they did not
    # start
    owner = person(Role.ADMIN).actor
    label(owner, create(owner, visibility="public").id, 1)
    key = api_key(Scope.EXECUTE).key
    for _ in range(5):
        with Client(narrow, key, exit_timeout_s=0) as program:
            assert program.prompt("support").version == 1


def test_accounts_are_counted_apart(mine: httpx2.Client, narrow: str) -> None:
    for _ in range(4):
        mine.get("/models")
    with caller(f"{narrow}/api/v1", person().headers) as other:
        assert other.get("/models").status_code == 200


def test_a_second_token_of_the_account_gains_nothing(
    mine: httpx2.Client, one: Person, narrow: str
) -> None:
    for _ in range(2):
        mine.get("/models")
    fresh = mine.post("/admin/auth/refresh").json()["access_token"]
    with caller(f"{narrow}/api/v1", {"Authorization": f"Bearer {fresh}"}) as again:
        assert again.get("/models").status_code == 429


def test_signing_out_is_never_refused(mine: httpx2.Client) -> None:
    for _ in range(5):
        mine.get("/models")
    assert mine.post("/admin/auth/logout").status_code == 204


def test_a_new_minute_begins_anew(mine: httpx2.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(5):
        mine.get("/models")
    monkeypatch.setattr(rate_limits, "WINDOW_S", 0)
    assert mine.get("/models").status_code == 200


def test_who_is_not_signed_in_is_not_counted(narrow: str) -> None:
    with caller(f"{narrow}/api/v1") as nobody:
        assert {nobody.get("/models").status_code for _ in range(5)} == {401}


def test_counting_rows_is_exact_when_many_come_at_once() -> None:
    limiter = rate_limits.RowLimiter()
    with ThreadPoolExecutor(8) as pool:
        left = list(pool.map(lambda _: limiter.take("one", 100, 1).left, range(200)))
    assert sorted(left, reverse=True) == list(range(99, -101, -1))
