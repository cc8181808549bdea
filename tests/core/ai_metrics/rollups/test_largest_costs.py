"""Costs beyond what a sum holds, as of a sender that mixes up units, are counted up to the most."""

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import text

from core.ai_metrics.ingest import rollups
from core.ai_metrics.queries import figures
from core.ai_metrics.views import AiMetricsQuery
from core.database.db import transaction
from core.identity.schemas import Role
from tests.core.ai_metrics.test_figures import WHOLE, ZONE
from tests.factories.ai_metrics import START, fold, request, send
from tests.factories.identity import person

pytestmark = pytest.mark.usefixtures("database")
MOST = Decimal(2**62 - 1).scaleb(-9)


def cost() -> Decimal:
    with transaction() as session:
        actor = person(Role.ANALYST).actor
        return figures.summary(session, AiMetricsQuery(WHOLE), actor=actor).cost_usd


def send_wrong_costs(*, hours: int = 1) -> None:
    """Add as much to each of these hours as a sum almost cannot hold."""
    for hour in range(hours):
        send(request(START + timedelta(hours=hour), cost_usd=Decimal(1)), zone=ZONE)
    with transaction() as session:
        session.execute(text("update ai_request_deltas set cost_nano = 9000000000000000000"))


def waiting() -> int:
    with transaction() as session:
        return session.scalar(text("select count(*) from ai_request_deltas")) or 0


def test_costs_beyond_the_most_are_shown_as_the_most_before_and_after_folding() -> None:
    for _ in range(2):
        send_wrong_costs(hours=2)
        assert cost() == MOST
        fold(ZONE)
        assert (cost(), waiting()) == (MOST, 0)


def test_later_costs_of_another_model_are_folded() -> None:
    send_wrong_costs()
    fold(ZONE)
    send_wrong_costs()
    send(request(START, cost_usd=Decimal(2), model="another"), zone=ZONE)
    fold(ZONE)
    by_model = "select cost_nano from ai_request_rollups where grain = 'day' and model = 'another'"
    with transaction() as session:
        assert session.scalar(text(by_model)) == 2 * 10**9
    assert waiting() == 0


def test_days_of_another_zone_have_costs_up_to_the_most() -> None:
    send_wrong_costs(hours=3)
    fold(ZONE)
    with transaction() as session:
        rollups.REQUESTS.rebuild_days(session, zone="Pacific/Auckland")
        days = "select max(cost_nano) from ai_request_rollups where grain = 'day'"
        assert session.scalar(text(days)) == 2**62 - 1
