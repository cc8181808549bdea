"""A quota refuses what is beyond it, counts each call once, and says when it starts again."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from sqlalchemy import func, select

from core.database.db import transaction
from core.errors import ProviderFailed
from core.executions import runner as runners
from core.executions.runner import Runner
from core.executions.schemas import CallOutcome, ExecutionStatus
from core.executions.service import executions as service
from core.identity.schemas import Role, Scope
from core.platform import clock
from core.providers.chunks import Chunk, EndChunk, TextChunk, ToolCallChunk, Usage, UsageChunk
from core.providers.packaged_prices import UNPRICED, Cost, CostSource
from core.providers.queries import token_prices
from core.providers.vendors.fake import Fake
from core.quotas import jobs, queries
from core.quotas.errors import PriceNeeded, QuotaExceeded, QuotaNotWhole
from core.quotas.models import UsageCounter
from core.quotas.schemas import QuotaChange
from core.quotas.service import quotas, reservations
from core.quotas.worst_case import WorstCase
from core.tools import registry
from core.tools.toolboxes import AccountToolbox
from tests.factories.executions import asked, begun, ended, executed, speaking
from tests.factories.identity import Person, person
from tests.factories.keys import api_key
from tests.factories.quotas import quota, use_of, used

pytestmark = pytest.mark.usefixtures("runner")


@pytest.fixture
def one(runner: Runner) -> Person:
    return person()


def playing(monkeypatch: pytest.MonkeyPatch, *chunks: Chunk | Exception) -> None:
    def stream(*_given: object) -> Iterator[Chunk]:
        for chunk in chunks:
            if isinstance(chunk, Exception):
                raise chunk
            yield chunk

    monkeypatch.setattr(Fake, "stream", stream)


def test_calls_up_to_the_limit_are_made_and_the_next_is_refused(one: Person) -> None:
    quota(2)
    executed(one.actor)
    executed(one.actor)
    with pytest.raises(QuotaExceeded) as refused:
        executed(one.actor)
    assert refused.value.facts["limit"] == "workspace_calls_per_day"
    assert (refused.value.facts["value"], refused.value.facts["used"]) == (2.0, 2.0)
    assert "has 0 calls left, and this call may take 1 call" in refused.value.detail
    assert used(one.actor) == (2, 0)


def test_a_new_period_starts_from_nothing(one: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    quota(1, period="month")
    monkeypatch.setattr(clock, "now", lambda: datetime(2026, 11, 30, 23, 59, 59, tzinfo=UTC))
    executed(one.actor)
    with pytest.raises(QuotaExceeded, match="starts again at 00:00 UTC on 1 December"):
        executed(one.actor)
    monkeypatch.setattr(clock, "now", lambda: datetime(2026, 12, 1, tzinfo=UTC))
    executed(one.actor)
    assert use_of(one.actor)[0].resets_at == datetime(2027, 1, 1, tzinfo=UTC)


def test_tokens_are_reserved_at_most_and_counted_as_they_were_used(
    one: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    quota(10_000, "tokens")
    playing(monkeypatch, TextChunk("a"), UsageChunk(Usage(input=7, output=5)), EndChunk("stop"))
    ended(begun(one.actor))
    assert used(one.actor) == (12, 0)


def test_a_round_of_tool_calls_without_reported_tokens_is_counted(
    one: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Without tokens, the quota got back what was reserved for it
    rounds: Iterator[Chunk] = iter([ToolCallChunk("1", "current_time", "{}"), TextChunk("Noon.")])

    def stream(*_given: object) -> Iterator[Chunk]:
        yield next(rounds)
        yield EndChunk("stop")

    monkeypatch.setattr(Fake, "stream", stream)
    quota(20_000, "tokens")
    new = asked("x" * 400, tools=["current_time"])
    toolbox = AccountToolbox([registry.TOOLS["current_time"]], one.actor)
    ended(runners.execute(new, actor=one.actor, toolbox=toolbox)[1])
    assert used(one.actor)[0] > 200


def test_a_call_that_could_be_beyond_the_limit_is_not_made(one: Person) -> None:
    quota(4_000, "tokens")
    with pytest.raises(QuotaExceeded, match="this call may take 4,"):
        executed(one.actor)  # 4,096 tokens of an answer without a limit of its own
    executed(one.actor, parameters={"max_tokens": 100})
    assert used(one.actor)[1] == 0


def test_a_limited_answer_has_a_most_though_none_was_asked_for(one: Person) -> None:
    quota(10_000, "tokens")
    with transaction() as session:
        new = service.begin(session, asked(), instance=UUID(int=1), actor=one.actor)
    assert new.call.parameters.max_tokens == 4096


def test_a_failed_call_without_an_answer_is_a_call_and_nothing_more(
    one: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    quota(10_000, "tokens")
    playing(monkeypatch, ProviderFailed("Wrong key."))
    ended(begun(one.actor))
    assert used(one.actor) == (0, 0)


def test_a_cancelled_call_counts_as_the_most_that_it_could_use(one: Person) -> None:
    quota(10_000, "tokens")
    running = speaking(begun(one.actor, model="fake:slow"))
    _, reserved = used(one.actor)
    with transaction() as session:
        service.cancel(session, running.id, text=running.text, actor=one.actor)
        service.cancel(session, running.id, text=running.text, actor=one.actor)
    assert used(one.actor) == (reserved, 0)


def test_what_a_round_reserves_beside_a_cancellation_is_not_reserved_for_ever(one: Person) -> None:
    # The call had been settled before, so that nothing gave this back
    quota(10_000, "tokens")
    with transaction() as session:
        pending = service.begin(session, asked(), instance=UUID(int=1), actor=one.actor)
    with transaction() as session:
        service.cancel(session, pending.id, text=None, actor=one.actor)
    used_before, _ = used(one.actor)
    with transaction() as session:
        next_round, at = WorstCase(100, None), pending.created_at
        reservations.reserve(session, pending.id, pending.quotas, next_round, at=at, calls=0)
    outcome = CallOutcome(ExecutionStatus.CANCELLED, "")
    with transaction() as session:
        assert not service.finish(session, pending, outcome)
    assert used(one.actor) == (used_before + 100, 0)


def test_an_interrupted_call_is_settled_once(one: Person) -> None:
    quota(3)
    instance = UUID(int=1)
    with transaction() as session:
        service.begin(session, asked(), instance=instance, actor=one.actor)
    assert used(one.actor) == (0, 1)
    for _ in range(2):
        with transaction() as session:
            service.fail_interrupted(session, instance)
    assert used(one.actor) == (1, 0)


def test_one_that_only_observes_refuses_nothing_and_counts_what_was_beyond(one: Person) -> None:
    quota(1, only_observes=True)
    for _ in range(3):
        executed(one.actor)
    [found] = use_of(one.actor)
    assert (int(found.used), found.over) == (3, 2)


def test_a_call_beyond_the_limit_counts_once_however_many_rounds_it_has(one: Person) -> None:
    quota(1, only_observes=True)
    quota(20_000, "tokens", only_observes=True)
    with transaction() as session:
        service.begin(session, asked(), instance=UUID(int=1), actor=one.actor)
        pending = service.begin(session, asked(), instance=UUID(int=1), actor=one.actor)
        for _ in range(3):
            round_ = (pending.id, pending.quotas, WorstCase(20_000, Decimal(0)))
            reservations.reserve(session, *round_, at=pending.created_at, calls=0)
    assert {found.measure.value: found.over for found in use_of(one.actor)} == {
        "calls": 1,
        "tokens": 1,
    }


def test_a_quota_of_a_role_counts_each_account_apart(one: Person) -> None:
    quota(1, scope="role", role=Role.ADMIN)
    executed(one.actor)
    executed(person().actor)
    assert use_of(person(Role.SUPER_ADMIN).actor) == []
    with pytest.raises(QuotaExceeded, match="The quota of your role of 1 call per day"):
        executed(one.actor)


def test_a_quota_of_an_account_or_key_is_for_nobody_else(one: Person) -> None:
    made = api_key(Scope.EXECUTE)
    quota(1, scope="account", account_id=one.actor.id)
    quota(5, scope="key", key_id=made.id)
    executed(one.actor)
    with pytest.raises(QuotaExceeded, match="Your quota of 1 call per day"):
        executed(one.actor)
    executed(person().actor)
    assert [each.scope for each in use_of(one.actor)] == ["account"]


def test_the_smallest_of_several_decides_and_a_refusal_counts_nowhere(
    one: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "now", lambda: datetime(2026, 11, 30, 12, tzinfo=UTC))
    quota(1, period="minute")
    quota(10, period="day")
    executed(one.actor)
    with pytest.raises(QuotaExceeded):
        executed(one.actor)
    assert sorted(each.used for each in use_of(one.actor)) == [1, 1]


def test_a_model_without_a_price_is_refused_where_the_cost_is_limited(
    one: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    quota(1, "cost")
    monkeypatch.setattr(token_prices, "cost_of", lambda *_: UNPRICED)
    with pytest.raises(PriceNeeded):
        executed(one.actor)


def test_the_cost_is_counted_to_the_smallest_amount(
    one: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    quota(1, "cost")
    cost = Cost(Decimal("0.00000003"), CostSource.PRICE_TABLE)
    monkeypatch.setattr(token_prices, "cost_of", lambda *_: cost)
    executed(one.actor)
    executed(one.actor)
    assert used(one.actor) == (Decimal("0.00000006"), 0)


def test_a_rest_that_reads_like_what_a_call_may_cost_is_called_less(
    one: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Amounts have four decimals, and these differ by less: "$0.0016 left" for a call of $0.0016
    quota("0.00161", "cost")
    cost = Cost(Decimal("0.00081"), CostSource.PRICE_TABLE)
    monkeypatch.setattr(token_prices, "cost_of", lambda *_: cost)
    executed(one.actor)
    with pytest.raises(QuotaExceeded, match=r"less left than the \$0.0008 that this call may take"):
        executed(one.actor)


def test_a_list_of_quotas_shows_what_was_used_of_each(one: Person) -> None:
    quota(5)
    quota(9, scope="role", role=Role.ADMIN)
    executed(one.actor)
    executed(one.actor)
    executed(person().actor)
    with transaction() as session:
        found = queries.list_quotas(session, actor=one.actor)
    assert [(str(each.scope), each.target, int(each.used), each.used_by) for each in found] == [
        ("workspace", None, 3, None),
        ("role", "admin", 2, one.actor.email),
    ]


@pytest.mark.parametrize("measure", ["calls", "tokens"])
def test_a_limit_of_parts_of_a_call_or_token_is_refused_in_a_change_too(measure: str) -> None:
    made = quota(3, measure)
    with pytest.raises(QuotaNotWhole), transaction() as session:
        quotas.change_quota(
            session, made.id, QuotaChange(limit=Decimal("0.5")), actor=person().actor
        )


def test_what_was_used_is_kept_for_two_months(one: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    quota(5, period="minute")
    now = clock.now()
    for days in (0, 61, 63):
        monkeypatch.setattr(clock, "now", lambda days=days: now - timedelta(days=days))
        executed(one.actor)
    monkeypatch.setattr(clock, "now", lambda: now)
    jobs.forget_old(0)
    with transaction() as session:
        kept = session.scalar(select(func.count()).select_from(UsageCounter))
    assert kept == 2
