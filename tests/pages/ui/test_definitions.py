"""The help of each KPI says how it is computed, which rows count, and when new ones do."""

from datetime import timedelta

import pytest

from core.identity.schemas import Role, SessionKind
from core.platform import clock
from tests.factories.ai_metrics import fold, request, send
from tests.factories.batches import ran
from tests.factories.identity import Person, person
from tests.factories.usage import used
from tests.pages.conftest import AI_METRICS, BATCH_HISTORY, OVERVIEW, Console
from tests.pages.test.test_usage import USAGE

FRESHNESS = ("New rows count within 10 seconds.", "Counted when this page is drawn.")


@pytest.fixture
def admin(runner: object) -> Person:
    """Return an admin of a workspace with rows of each kind."""
    made = person(Role.ADMIN, kind=SessionKind.BROWSER)
    at = clock.now() - timedelta(hours=1)
    send(request(at, id="r1", total_latency_ms=900, first_token_ms=200))
    fold()
    ran(at, "completed")
    used(made.actor)
    return made


@pytest.mark.parametrize(
    ("page", "least"), [(OVERVIEW, 7), (AI_METRICS, 6), (BATCH_HISTORY, 4), (USAGE, 5)]
)
def test_each_key_figure_is_defined(console: Console, admin: Person, page: str, least: int) -> None:
    shown = console(admin, page).metric
    assert len(shown) >= least
    undefined = [each.label for each in shown if not any(one in each.help for one in FRESHNESS)]
    assert not undefined
