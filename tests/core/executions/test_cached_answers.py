"""An identical, deterministic call that asks for it gets the answer of the one before."""

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import text

from core.database import settings
from core.database.db import transaction
from core.executions import queries
from core.executions.errors import NotCacheable
from core.executions.runner import Runner
from core.executions.schemas import ExecutionStatus, ExecutionView
from core.executions.service import text_removal
from core.identity.schemas import Role
from core.platform import clock
from core.providers.images import IllustratedMessage
from core.providers.schemas import MessageRole, Parameters
from core.providers.vendors.fake import Fake
from core.quotas.errors import QuotaExceeded
from tests.factories.executions import executed
from tests.factories.identity import Person, person
from tests.factories.quotas import quota, used

COLD = Parameters(temperature=0)


@pytest.fixture
def one(runner: Runner) -> Person:
    return person(Role.ADMIN)


def answer(one: Person, prompt: str = "the capital of France", **more: object) -> ExecutionView:
    given = {"cache": True, "parameters": COLD, **more}
    execution_id = executed(one.actor, prompt, **given).id
    with transaction() as session:
        return queries.get_execution(session, execution_id, owner=one.actor.id)


def test_it_is_given_again_without_a_model_and_without_a_cost(
    one: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = answer(one)
    monkeypatch.setattr(Fake, "stream", None)
    second = answer(one)
    assert (first.cached_from, second.cached_from) == (None, first.id)
    assert (second.response, second.finish_reason) == (first.response, first.finish_reason)
    assert second.status is ExecutionStatus.COMPLETED
    assert (second.usage.total_tokens, second.usage.estimated_cost) == (0, Decimal(0))


def test_it_uses_no_tokens_of_a_quota(one: Person) -> None:
    short = Parameters(temperature=0, max_tokens=9)
    answer(one, parameters=short)
    quota(1, "tokens")
    assert answer(one, parameters=short).cached_from is not None
    assert used(one.actor) == (0, 0)
    with pytest.raises(QuotaExceeded):
        answer(one, "something else", parameters=short)


def test_a_quota_of_calls_refuses_it(one: Person) -> None:
    quota(2)
    answer(one)
    answer(one)
    assert used(one.actor) == (2, 0)
    with pytest.raises(QuotaExceeded):
        answer(one)


@pytest.mark.parametrize(
    "other",
    [
        {"prompt": "the capital of Spain"},
        {"model": "fake:plain"},
        {"system_prompt": "Be brief."},
        {"messages": [{"role": "user", "content": "Hello"}]},
        {"parameters": Parameters(temperature=0, max_tokens=5)},
        {"parameters": Parameters(seed=1)},
        {"response_schema": {"type": "object", "properties": {}}},
        {"cache": False},
    ],
)
def test_another_call_is_made(one: Person, other: dict[str, object]) -> None:
    answer(one)
    assert answer(one, **other).cached_from is None  # type: ignore[arg-type]  # one is the prompt


def test_another_image_is_another_call(one: Person) -> None:
    first, second = (
        (IllustratedMessage(role=MessageRole.USER, content="Look", jpegs=(jpeg,)),)
        for jpeg in (b"a cat", b"a dog")
    )
    answer(one, messages=first)
    assert answer(one, messages=first).cached_from is not None
    assert answer(one, messages=second).cached_from is None


def test_what_another_account_was_answered_is_not_given(one: Person) -> None:
    answer(one)
    assert answer(person(Role.ADMIN)).cached_from is None


def test_a_call_that_did_not_ask_for_it_is_not_kept(one: Person) -> None:
    answer(one, cache=False)
    assert answer(one).cached_from is None


def test_with_a_seed_it_is_kept_at_any_temperature(one: Person) -> None:
    seeded = Parameters(temperature=0.7, seed=3)
    first = answer(one, parameters=seeded)
    assert answer(one, parameters=seeded).cached_from == first.id


@pytest.mark.parametrize(
    "given",
    [
        {"parameters": Parameters()},
        {"parameters": Parameters(temperature=0.2)},
        {"tools": ({"name": "weather"},)},
    ],
)
def test_calls_that_are_not_deterministic_are_refused(
    one: Person, given: dict[str, object]
) -> None:
    with pytest.raises(NotCacheable, match="`temperature` 0 or a `seed`, and no tools"):
        answer(one, **given)  # type: ignore[arg-type]  # one is the prompt


def test_an_answer_that_failed_is_not_kept(one: Person) -> None:
    failing = '#fake {"words": 5, "fail_after": 2}\n'
    assert answer(one, failing).status is ExecutionStatus.FAILED
    assert answer(one, failing).cached_from is None


def test_an_answer_of_the_fallback_model_is_not_kept(one: Person) -> None:
    answer(one)
    with transaction() as session:
        session.execute(text("update prompt_executions set fallback_for = 'fake:plain'"))
    assert answer(one).cached_from is None


def test_after_an_hour_the_model_is_called_again(
    one: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = answer(one)
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(minutes=50))
    assert answer(one).cached_from == first.id
    # The answer was given again meanwhile, which does not keep it longer
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(minutes=70))
    assert answer(one).cached_from is None


def test_the_workspace_says_how_long_it_is_kept(
    one: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    with transaction() as session:
        settings.amend(session, settings.Workspace(answer_cache_minutes=5), by=None)
    answer(one)
    later = clock.now() + timedelta(minutes=6)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert answer(one).cached_from is None


def test_a_removed_text_is_not_given_again(one: Person) -> None:
    answer(one)
    with transaction() as session:
        text_removal.remove_texts_of_account(session, one.actor.id)
    assert answer(one).cached_from is None
    with transaction() as session:
        kept = "select count(*) from prompt_executions where cache_key is not null"
        assert session.scalar(text(kept)) == 1


def test_a_new_price_does_not_change_its_cost(one: Person) -> None:
    answer(one)
    cached = answer(one)
    moment = clock.now()
    with transaction() as session:
        span = (moment - timedelta(hours=1), moment + timedelta(hours=1))
        priceable = {call.id for call in queries.list_priceable(session, *span, None)}
    assert cached.id not in priceable
    assert len(priceable) == 1
