"""The first request after a start, which may be a reader's while others stream."""

import pytest
from starlette.testclient import TestClient

from api import main


def test_no_route_is_prepared_while_the_event_loop_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    # FastAPI prepares routes at the first request: a second in which nobody is answered
    api = main.create()

    def prepare(*_given: object, **_named: object) -> None:
        raise AssertionError("a request prepares routes")

    monkeypatch.setattr("fastapi.routing._EffectiveRouteContext.from_api_route", prepare)
    assert TestClient(api).get("/admin/nothing/of/this/name").status_code == 404
