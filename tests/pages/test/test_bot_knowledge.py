"""Knowledge of a bot: what the API stored, the page keeps."""

from core.bots.queries import bots
from core.bots.schemas import BotKnowledge, QuestionAnswer
from core.database.db import transaction
from core.identity.schemas import SessionKind
from tests.factories.bots import made
from tests.factories.identity import person
from tests.pages.conftest import Console


def test_facts_with_line_ends_stay_when_another_list_is_saved(console: Console) -> None:
    boss = person(kind=SessionKind.BROWSER)
    question = QuestionAnswer(question="Where?", answer="Oslo\n\nand Bergen")
    stored = BotKnowledge(products=("Soup\nof the day", "Tea\x85"), questions=(question,))
    bot = made(boss.actor, knowledge=stored.model_dump())
    app = console(boss, "test/bots/page.py")
    app.query_params["bot"] = str(bot.id)
    app.run()
    app.button_group[0].set_value("Knowledge").run()
    services = next(each for each in app.text_area if each.label == "Services")
    services.set_value("Delivery\nCatering")
    next(each for each in app.button if each.label == "Save knowledge").click().run()
    assert not app.exception
    with transaction() as session:
        saved = bots.get_bot(session, bot.id, actor=boss.actor).knowledge
    assert saved == stored.model_copy(update={"services": ("Delivery", "Catering")})
