"""Any event type can be a step, and the workspace's funnel may be any: the figures equal those of
brute force, before it is applied, after it, and while events arrive.
"""

from collections.abc import Sequence
from datetime import timedelta
from random import Random
from threading import Thread

import pytest

from core.activity.ingest.event_codes import backfill, event_types
from core.activity.queries import user_lists
from core.activity.queries.funnels import funnel_counts
from core.activity.queries.funnels.funnel import STEPS, Funnel
from core.activity.queries.user_filter import UserFilter
from core.activity.schemas import FunnelState, NewEvent
from core.activity.service import apply_funnel
from core.activity.views import OnboardingStatus
from core.database.db import transaction
from core.database.paging import Window
from core.embedded.postgres import Postgres
from core.identity.schemas import Actor, Role
from core.jobs import queue
from core.presentation.periods import Period, Watched
from core.system.service.verification.verify import verify
from tests.factories import activity, funnels
from tests.factories.activity import START, event
from tests.factories.identity import person

KINDS = ("user.signed_up", "invite.sent", "report.created", "report.copied", "plan.bought")
PERIOD = Period(START, START + timedelta(days=4))
WANTED = (
    funnels.read("user.signed_up,invite.sent?,report.created|report.copied,plan.bought", 5),
    funnels.read("user.signed_up,report.created,plan.bought", 2),
    funnels.read("report.created,user.signed_up,plan.bought?", 30, any_order=True),
    funnels.read(",".join([*KINDS, *KINDS[1:4]]), 9),
)


def history(seed: int = 1, users: int = 60) -> list[NewEvent]:
    """Return events of a product with its own words, some before anybody has a name."""
    chance = Random(seed)
    rows = []
    for number in range(users):
        for _ in range(chance.randint(1, 12)):
            at = START + timedelta(seconds=chance.randint(0, 5 * 86_400))
            session = f"s{number}" if chance.random() < 0.5 else None
            user = f"u{number}" if session is None or chance.random() < 0.6 else None
            app = chance.choice([None, "web"])
            kind = chance.choice(KINDS)
            rows.append(event(kind, at, session_id=session, user_id=user, app=app))
    return list({each.id: each for each in rows}.values())


@pytest.fixture
def actor(database: Postgres) -> Actor:
    return person(Role.ADMIN).actor


@pytest.fixture
def late_codes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have event types received without a code, as before there were codes for all."""
    monkeypatch.setattr(event_types, "MOST_CODED", 0)


def users_by_step(actor: Actor, wanted: Funnel | None = None) -> list[int]:
    with transaction() as session:
        view = funnel_counts.read_funnel(session, PERIOD, Watched(), wanted, actor=actor)
    return [step.users for step in view.steps]


def by_hand(events: Sequence[NewEvent], wanted: Funnel) -> list[int]:
    times = [activity.reached(done, wanted) for done in activity.journeys(events).values()]
    begun = [one for one in times if one[0] is not None and PERIOD.start <= one[0] < PERIOD.end]
    return [sum(one[number] is not None for one in begun) for number in range(len(wanted.steps))]


@pytest.mark.parametrize("wanted", WANTED)
def test_a_workspace_funnel_of_other_events_counts_what_brute_force_counts(
    actor: Actor, wanted: Funnel
) -> None:
    events = history()
    activity.store(events[::2])
    assert funnels.use(wanted, actor).state is FunnelState.READY
    activity.store(events[1::2])
    assert users_by_step(actor) == users_by_step(actor, wanted) == by_hand(events, wanted)
    assert not [check for check in verify() if check.differences]


def test_event_types_without_a_code_are_read_from_raw_rows(actor: Actor, late_codes: None) -> None:
    events = history()
    activity.store(events)
    for wanted in WANTED:
        assert users_by_step(actor, wanted) == by_hand(events, wanted)


def test_earlier_events_get_their_marks_and_a_stopped_backfill_goes_on(
    actor: Actor, late_codes: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    events, wanted = history(), WANTED[0]
    activity.store(events)
    activity.fold()
    monkeypatch.setattr(backfill, "EVENTS_AT_ONCE", 20)
    queue.stopping.set()
    try:
        assert funnels.use(wanted, actor).state is FunnelState.PREPARING
        assert backfill.mark_stretch()
    finally:
        queue.stopping.clear()
    half = funnels.use(wanted, actor)
    assert (half.state, half.progress) == (FunnelState.READY, 1)
    assert half.history_since == min(each.created_at for each in events if each.created_at)
    assert users_by_step(actor) == by_hand(events, wanted)
    assert not [check for check in verify() if check.differences]


def test_until_it_is_applied_the_workspace_keeps_the_funnel_before(
    actor: Actor, late_codes: None
) -> None:
    activity.store([*history(), *activity.spaced(STEPS, user="ann")])
    queue.stopping.set()
    try:
        waiting = funnels.use(WANTED[0], actor)
    finally:
        queue.stopping.clear()
    assert (waiting.state, waiting.progress < 1) == (FunnelState.PREPARING, True)
    assert users_by_step(actor) == [1] * 5


def test_a_change_while_events_arrive_loses_none_and_counts_none_twice(actor: Actor) -> None:
    events = history(users=200)
    batches = [events[number : number + 40] for number in range(0, len(events), 40)]
    storing = Thread(target=activity.store_at_once, args=(batches,), kwargs={"writers": 3})
    activity.store(events[:50])
    storing.start()
    for wanted in WANTED:
        funnels.use(wanted, actor)
    storing.join(60)
    assert users_by_step(actor) == by_hand(events, WANTED[-1])
    assert not [check for check in verify() if check.differences]


def test_statuses_follow_its_steps_and_its_window(actor: Actor) -> None:
    wanted = funnels.read("user.signed_up,invite.sent?,report.created", 2)
    now = START
    activity.store(
        [
            *activity.spaced(["user.signed_up", "report.created"], user="done", start=now),
            *activity.spaced(["user.signed_up", "invite.sent"], user="idle", start=now),
            *activity.spaced(["invite.sent", "report.created"], user="never", start=now),
        ]
    )
    funnels.use(wanted, actor)
    with transaction() as session:
        page = user_lists.list_users(session, UserFilter(), Watched(), window=Window(), actor=actor)
    found = {each.external_id: (each.status, each.step) for each in page.items}
    assert found["done"] == (OnboardingStatus.COMPLETED, 3)
    assert found["idle"] == (OnboardingStatus.DROPPED, 2)
    assert found["never"][1] == 0


def test_one_that_is_saved_is_not_applied_again(actor: Actor) -> None:
    activity.store(history())
    first = funnels.use(WANTED[0], actor)
    again = funnels.use(WANTED[0], actor)
    assert (first.version, again.version) == (2, 2)
    apply_funnel.prepare_funnels()
