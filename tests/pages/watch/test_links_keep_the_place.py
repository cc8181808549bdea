"""Links to journeys, requests and errors stay in the environment of the page."""

from datetime import timedelta
from urllib.parse import parse_qs

import pytest
from streamlit.testing.v1 import AppTest

from core.activity.queries.funnels.funnel import STEPS
from core.identity.schemas import SessionKind
from core.ingest.rows import key_of
from core.platform import clock
from tests.factories import activity
from tests.factories.ai_metrics import fold, request, send
from tests.factories.identity import person
from tests.pages.conftest import AI_METRICS, ONBOARDING, USERS, Console, said

STAGING = {"environment": ["staging"]}


def opened(console: Console, page: str, **query: str) -> AppTest:
    app = console(person(kind=SessionKind.BROWSER), page)
    for name, value in {"environment": "staging", **query}.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    return app


def query_of(app: AppTest, label: str) -> dict[str, list[str]]:
    found = next(each for each in app.get("page_link") if each.proto.label.startswith(label))
    return parse_qs(found.proto.query_string)


@pytest.mark.parametrize("app_name", ["", "web"])
def test_a_journey_is_of_the_environment_and_app_of_the_list(
    console: Console, app_name: str
) -> None:
    at = clock.now() - timedelta(hours=1)
    seen = {"environment": "staging", "app": "web"}
    activity.store([activity.event("recipe.opened", at, user_id="ana", **seen)])
    app = opened(console, USERS, app=app_name, row="ana")
    query = query_of(app, "Open journey")
    assert {name: query.get(name) for name in ("environment", "app")} == {
        **STAGING,
        "app": [app_name] if app_name else None,
    }


def test_requests_and_user_of_a_request_are_of_its_environment(console: Console) -> None:
    at = clock.now() - timedelta(hours=1)
    ids = {"user_id": "ana", "conversation_id": "talk"}
    send(request(at, id="r1", environment="staging", **ids))
    fold()
    app = opened(console, AI_METRICS, request="r1")
    for label in ("All requests in this conversation", "Open user"):
        assert query_of(app, label)["environment"] == ["staging"]


def test_a_request_is_opened_on_a_page_without_requests(console: Console) -> None:
    send(request(clock.now() - timedelta(hours=1), id="r1", environment="staging"))
    fold()
    app = opened(console, AI_METRICS, request="r1", environment="production")
    texts = said(app)
    assert "No AI requests in this period" in texts
    assert "No steps were sent with this request." in texts


def test_errors_of_who_dropped_off_are_of_the_same_days_and_environment(console: Console) -> None:
    at = clock.now() - timedelta(days=12)
    activity.store(
        activity.event(kind, at + timedelta(minutes=number), user_id="ana", environment="staging")
        for number, kind in enumerate(STEPS[:2])
    )
    failed = {"error_code": "E7", "environment": "staging"}
    activity.store([activity.event(STEPS[2], at + timedelta(minutes=9), user_id="ana", **failed)])
    ana = str(key_of("user", "ana"))
    app = opened(console, ONBOARDING, days="30", step="3", row=ana)
    assert query_of(app, "Open journey")["environment"] == ["staging"]
    query = query_of(app, "All E7 errors")
    assert {name: query[name] for name in ("days", "environment")} == {"days": ["30"], **STAGING}
