"""Knowledge of a bot: what the API stored, and what was entered, the page keeps."""

from streamlit.testing.v1 import AppTest

from core.bots.queries import bots
from core.bots.schemas import BotChange, BotKnowledge, QuestionAnswer
from core.bots.service import bots as service
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


def test_entered_knowledge_stays_in_other_sections_until_a_version_is_restored(
    console: Console,
) -> None:
    # Streamlit forgets fields of a section that is not drawn, and they went back to what was stored
    boss = person(kind=SessionKind.BROWSER)
    bot = made(boss.actor, knowledge=BotKnowledge(industry="Bikes").model_dump())
    app = console(boss, "test/bots/page.py")
    app.query_params["bot"] = str(bot.id)
    app.query_params["section"] = "Knowledge"
    app.run()
    industry = next(each for each in app.text_input if each.label == "Industry")
    assert industry.value == "Bikes"
    industry.set_value("Trains").run()
    in_section(app, "Versions")
    assert in_section(app, "Knowledge") == "Trains"
    change = BotChange(knowledge=BotKnowledge(industry="Boats"))
    with transaction() as session:
        service.change_bot(session, bot.id, change, actor=boss.actor)
    in_section(app, "Versions")
    assert in_section(app, "Knowledge") == "Boats"


def in_section(app: AppTest, section: str) -> str | None:
    """Open a section, and return the industry that it shows."""
    app.query_params["section"] = section
    app.run()
    assert not app.exception
    return next((each.value for each in app.text_input if each.label == "Industry"), None)
