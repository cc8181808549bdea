"""A promoted version is shown beside the one before, with what applications reported of both."""

from datetime import timedelta

import pytest

from core.ai_metrics.views import AiMetricsQuery
from core.database.db import Database, transaction
from core.errors import Forbidden
from core.identity.schemas import Actor, Role
from core.insights.chains.promotion_views import PromotionEffect
from core.insights.queries.chains.promotion_effect import find_effect
from core.platform import clock
from core.presentation.periods import last_days
from tests.factories.ai_metrics import request, send
from tests.factories.identity import person
from tests.factories.prompts import create, label, save


@pytest.fixture
def actor(database: object) -> Actor:
    """Return the owner of a public prompt whose production went from version 1 to 2."""
    found = person().actor
    made = create(found, "support", "one", visibility="public")
    save(found, made.id, prompt="two")
    for version in (1, 2):
        label(found, made.id, version)
    return found


def effect(actor: Actor, version: str) -> PromotionEffect | None:
    asked = AiMetricsQuery(last_days(7, zone="UTC"), prompt_version=version)
    with transaction() as session, transaction(Database.AI) as ai:
        return find_effect(session, ai, asked, actor=actor)


def report(version: int, *statuses: str) -> None:
    at = clock.now() - timedelta(hours=1)
    prompt = {"prompt_name": "support", "prompt_version": str(version)}
    send(*(request(at, status=status, **prompt) for status in statuses))


def test_both_versions_have_their_figures(actor: Actor) -> None:
    report(1, "error", "ok")
    report(2, "ok", "ok", "ok")
    found = effect(actor, "support@2")
    assert found is not None
    assert (found.label, found.version, found.previous_version, found.until) == (
        "production",
        "support@2",
        "support@1",
        None,
    )
    assert found.before is not None
    assert found.after is not None
    assert (found.before.error_rate.value, found.after.error_rate.value) == (0.5, 0.0)
    assert (found.before.total_requests, found.after.total_requests) == (2, 3)


def test_a_version_without_requests_has_no_figures(actor: Actor) -> None:
    found = effect(actor, "support@1")
    assert found is not None
    assert (found.previous_version, found.before, found.after) == (None, None, None)
    assert found.until is not None


def test_a_version_that_no_label_was_moved_to_has_no_effect(actor: Actor) -> None:
    create(actor, "other", "x", visibility="public")
    assert [effect(actor, each) for each in ("other@1", "unknown@1", "support@9", "support")] == [
        None,
        None,
        None,
        None,
    ]


def test_an_analyst_sees_the_effect_of_public_prompts_only(actor: Actor) -> None:
    hidden = create(actor, "hidden", "x")
    label(actor, hidden.id, 1)
    analyst = person(Role.ANALYST).actor
    assert effect(analyst, "support@2") is not None
    assert effect(analyst, "hidden@1") is None
    assert effect(actor, "hidden@1") is not None
    with pytest.raises(Forbidden):
        effect(person(Role.REVIEWER).actor, "support@2")
