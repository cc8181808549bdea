"""What others use stays when its account is removed: it belongs to who removed the account."""

from uuid import UUID

import pytest

from core.bots.errors import BotMissing
from core.bots.queries import bots
from core.bots.schemas import BotView
from core.database.db import read_session, transaction
from core.errors import NotFound
from core.executions.runner import Runner
from core.identity.schemas import Actor, Role
from core.promotions import service
from core.promotions.schemas import GateVerdict
from core.saved_views import queries as views
from core.saved_views.schemas import ViewPage
from core.system.service.account_removal import remove_account
from tests.factories import promotions
from tests.factories.bots import asked, made
from tests.factories.digests import kept_view
from tests.factories.evaluations import evaluated, read
from tests.factories.identity import person
from tests.factories.promotions import FAILING, PASSING
from tests.factories.prompts import create, label, save


@pytest.fixture
def boss(runner: Runner) -> Actor:
    return person(Role.SUPER_ADMIN).actor


@pytest.fixture
def leaving(boss: Actor) -> Actor:
    return person().actor


def remove(leaving: Actor, boss: Actor) -> None:
    with transaction() as session:
        remove_account(session, leaving.id, actor=boss)


def read_bot(actor: Actor, bot_id: UUID) -> BotView:
    with read_session() as session:
        return bots.get_bot(session, bot_id, actor=actor)


def view_names(actor: Actor) -> list[tuple[str, UUID]]:
    with read_session() as session:
        return [(each.name, each.owner_id) for each in views.list_views(session, actor=actor)]


def test_a_shared_bot_stays_with_its_versions_and_the_tests_of_others(
    leaving: Actor, boss: Actor
) -> None:
    own = made(boss, bot_name="Mine", is_active=True)
    shared = made(leaving, bot_name="Helper", visibility="shared", is_active=True)
    hidden = made(leaving, bot_name="Draft")
    other = person().actor
    asked(other, shared)
    remove(leaving, boss)
    found = read_bot(boss, shared.id)
    assert (found.bot_name, found.is_own, found.is_active) == ("Helper", True, False)
    assert read_bot(boss, own.id).is_active
    with read_session() as session:
        [version] = bots.list_versions(session, shared.id, actor=other)
    assert (version.number, version.tests) == (1, 1)
    with pytest.raises(BotMissing):
        read_bot(boss, hidden.id)


def test_shared_views_stay_under_names_that_are_free(leaving: Actor, boss: Actor) -> None:
    kept_view(boss, "errors", ViewPage.USERS)
    for name in ("Errors", "Errors (2)", "Costs"):
        kept_view(leaving, name, ViewPage.USERS, is_shared=True)
    kept_view(leaving, "Own", ViewPage.USERS)
    remove(leaving, boss)
    names = [name for name, owner_id in view_names(boss) if owner_id == boss.id]
    assert sorted(names) == ["Costs", "Errors (2)", "Errors (3)", "errors"]


def test_an_evaluation_behind_a_gate_stays_and_others_go(leaving: Actor, boss: Actor) -> None:
    # Others rely on what it decided
    prompt = create(leaving, "support", "", system_prompt=FAILING, visibility="public").id
    save(leaving, prompt, system_prompt=PASSING)
    label(leaving, prompt, 1)
    promotions.gate(leaving, prompt, promotions.shared_dataset(leaving))
    evidence = promotions.passed_through(leaving, prompt, 2)
    unrelated = evaluated(leaving)
    remove(leaving, boss)
    found = promotions.check(boss, prompt, 2)
    assert found.verdict is GateVerdict.PASSED
    assert found.evaluation is not None
    assert (found.evaluation.id, found.evaluation.is_own) == (evidence.id, True)
    with pytest.raises(NotFound):
        read(boss, unrelated.id)


def test_an_evaluation_behind_a_promotion_stays_without_its_gate(
    leaving: Actor, boss: Actor
) -> None:
    prompt = create(leaving, "support", "", system_prompt=FAILING, visibility="public").id
    save(leaving, prompt, system_prompt=PASSING)
    label(leaving, prompt, 1)
    promotions.gate(leaving, prompt, promotions.shared_dataset(leaving))
    evidence = promotions.passed_through(leaving, prompt, 2)
    promotions.move(leaving, prompt, 2)
    with transaction() as session:
        service.remove_gate(session, prompt, "production", promotions.REASON, actor=leaving)
    remove(leaving, boss)
    assert read(boss, evidence.id).success_rate.value == 1.0
