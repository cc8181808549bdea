"""Unexpected errors: the caller gets an incident ID only, the log has the details."""

import logging
import time

import httpx2
import pytest

from core.executions import runner as runners
from core.identity.service import sign_in
from core.platform.crypto import WrongKey
from core.playground import queries
from core.system import queries as system
from tests.api.conftest import Client
from tests.factories.identity import person
from tests.faults.program import until

SECRET = "the row said: hunter2"


def broken(*_args: object, **_kwargs: object) -> None:
    raise RuntimeError(SECRET)


@pytest.fixture
def failed(
    client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> httpx2.Response:
    monkeypatch.setattr(queries, "list_sessions", broken)
    answer = client(person()).get("/admin/playground/sessions")
    # The answer is out before the failure has passed every layer
    until(lambda: any(record.levelno >= logging.ERROR for record in caplog.records), 10)
    time.sleep(0.1)  # for a second record, which there must not be
    return answer


def test_the_answer_is_a_problem_with_an_incident(failed: httpx2.Response) -> None:
    body = failed.json()
    assert failed.status_code == 500
    assert failed.headers["content-type"] == "application/problem+json"
    assert set(body) == {"type", "title", "status", "detail", "code", "incident"}
    assert body["code"] == "internal"


def test_the_answer_says_nothing_of_what_broke(failed: httpx2.Response) -> None:
    assert "hunter2" not in failed.text
    assert "Traceback" not in failed.text
    assert "RuntimeError" not in failed.text


def test_the_log_has_the_incident_with_its_traceback_once(
    failed: httpx2.Response, caplog: pytest.LogCaptureFixture
) -> None:
    logged = [record for record in caplog.get_records("setup") if record.levelno >= logging.ERROR]
    assert [record.incident for record in logged] == [failed.json()["incident"]]  # type: ignore[attr-defined]  # a fact
    assert logged[0].exc_info is not None
    assert SECRET in str(logged[0].exc_info[1])


def test_it_has_the_headers_of_every_answer(failed: httpx2.Response) -> None:
    assert {"x-request-id", "x-frame-options", "content-security-policy", "ratelimit-limit"} <= set(
        failed.headers
    )


@pytest.mark.parametrize("path", ["/health", "/readyz", "/login", "/welcome/x"])
def test_addresses_beside_the_api_break_in_the_same_way(
    client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, path: str
) -> None:
    monkeypatch.setattr(system, "health", broken)
    monkeypatch.setattr("api.routes.system.sign_in._page", broken)
    monkeypatch.setattr("api.probes.PlainTextResponse", broken)
    answer = client(prefix="").get(path)
    assert answer.status_code == 500
    assert answer.json()["incident"] in [
        getattr(record, "incident", None) for record in caplog.records
    ]
    assert SECRET not in answer.text
    assert {"x-request-id", "x-frame-options"} <= set(answer.headers)


def test_the_sign_in_form_breaks_in_the_same_way(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sign_in, "try_sign_in", broken)
    answer = client(prefix="").post("/login", data={"email": "a@example.com", "password": "x"})
    assert answer.status_code == 500
    assert answer.json()["code"] == "internal"


def test_a_failure_that_no_answer_is_made_for_is_unexpected_too(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def moved(*_args: object, **_kwargs: object) -> None:
        raise WrongKey

    monkeypatch.setattr(queries, "list_sessions", moved)
    answer = client(person()).get("/admin/playground/sessions")
    assert answer.status_code == 500
    assert answer.json()["code"] == "internal"


def test_a_stream_that_breaks_before_it_begins_is_a_problem(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runners, "execute", broken)
    answer = client(person()).post(
        "/prompts/execute/stream", json={"model_id": "fake:echo", "prompt": "x"}
    )
    assert answer.status_code == 500
    assert answer.json()["code"] == "internal"


def test_the_house_stands_afterwards(
    failed: httpx2.Response, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    assert client(person()).get("/admin/playground/sessions").status_code == 200
