"""The section Scenarios of a bot: what each card says."""

from core.bots.result_schemas import NewScenario
from core.bots.service import scenarios
from core.database.db import transaction
from core.identity.schemas import SessionKind
from tests.factories.bots import made
from tests.factories.identity import person
from tests.pages.conftest import Console, said


def test_cards_say_what_a_scenario_is_about_and_whether_run_all_has_it(console: Console) -> None:
    boss = person(kind=SessionKind.BROWSER)
    bot = made(boss.actor)
    late = NewScenario(
        name="Late",
        description="An order\nis *late*",
        user_messages=("Where is it?",),
        is_active=False,
    )
    with transaction() as session:
        scenarios.create_scenario(session, late, actor=boss.actor)
    app = console(boss, "test/bots/page.py")
    app.query_params["bot"] = str(bot.id)
    app.run()
    app.button_group[0].set_value("Scenarios").run()
    assert not app.exception
    texts = said(app)
    assert "Customer asking about product features and pricing" in texts
    assert "An order is *late*" in texts
    assert texts.count("Not part of Run all") == 1
