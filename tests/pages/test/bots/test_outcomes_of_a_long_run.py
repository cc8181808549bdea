"""The outcomes of a run are those of all its answers, also of those that are not listed."""

import pytest

from core.bots.result_schemas import NewScenario
from core.bots.service import scenarios
from core.database.db import transaction
from core.identity.schemas import Actor, SessionKind
from pages.test.bots.scenarios import scenario_results
from tests.factories.bots import made, started, worked
from tests.factories.identity import person
from tests.pages.conftest import Console, said

SCENARIO = NewScenario(
    name="Returns",
    user_messages=("How do I return it?", "By when?", "At what cost?"),
    expected_outcomes=("contains: fake",),
)


def run_of_three(actor: Actor) -> str:
    """Run a scenario of three messages; return the bot's ID."""
    bot = made(actor)
    with transaction() as session:
        scenario = scenarios.create_scenario(session, SCENARIO, actor=actor)
    worked(actor, started(actor, bot, scenario.id, analyze=False))
    return str(bot.id)


def test_outcomes_of_a_run_count_answers_beyond_those_listed(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The page counted those of the 200 answers that it lists
    monkeypatch.setattr(scenario_results, "LARGEST_PAGE", 1)
    boss = person(kind=SessionKind.BROWSER)
    bot = run_of_three(boss.actor)
    app = console(boss, "test/bots/page.py")
    app.query_params["bot"] = bot
    app.run()
    app.button_group[0].set_value("Scenarios").run()
    assert not app.exception
    assert "3 answers · 3 of 3 outcomes met" in said(app)
    assert "The first 1 of 3 answers" in said(app)
