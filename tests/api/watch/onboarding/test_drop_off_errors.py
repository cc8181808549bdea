"""The error share of drop-offs over HTTP."""

from datetime import timedelta

from core.activity.queries.funnels.funnel import STEPS
from core.identity.schemas import Role
from core.platform import clock
from tests.api.conftest import Client
from tests.factories.activity import event, spaced, store
from tests.factories.identity import person

PATH = "/admin/onboarding/drop-off-errors"


def test_each_step_has_its_drop_offs_with_an_error(client: Client) -> None:
    at = clock.now() - timedelta(days=1)
    store(spaced(STEPS[:2], user="ann", start=at))
    store(spaced(STEPS[:2], user="bea", start=at))
    later = at + timedelta(minutes=9)
    store([event("onboarding.login_error", later, user_id="ann", error_code="E1")])
    answer = client(person(Role.ANALYST)).get(PATH, params={"days": 7})
    assert answer.status_code == 200, answer.text
    assert answer.json()["items"][1] == {
        "step": 2,
        "dropped_off": 2,
        "with_error": 1,
        "error_share": 0.5,
        "top_error": "E1",
    }
    assert answer.json()["total_count"] == len(STEPS) - 1


def test_a_reviewer_may_not_read_it(client: Client) -> None:
    assert client(person(Role.REVIEWER)).get(PATH).status_code == 403
