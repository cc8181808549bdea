"""Before a bot is deleted, a question names it and says whose results go with it; then its page
says that it is gone.
"""

import pytest

from core.bots.queries import bots as queries
from core.database.db import transaction
from core.identity.schemas import SessionKind
from tests.factories.bots import made
from tests.factories.identity import person
from tests.pages.conftest import Console, said


@pytest.mark.parametrize("visibility", ["private", "shared"])
def test_a_question_names_the_bot_that_is_deleted(console: Console, visibility: str) -> None:
    boss = person(kind=SessionKind.BROWSER)
    bot = made(boss.actor, bot_name="*Rosa*", visibility=visibility)
    app = console(boss, "test/bots/page.py")
    app.query_params["bot"] = str(bot.id)
    app.run()
    app.menu_button(key="bots.more").click(":material/delete: Delete bot").run()
    assert "*Rosa* with its versions, test results and runs" in said(app)
    assert ("those of others" in said(app)) is (visibility == "shared")
    app.button(key="bots.delete.confirm").click().run()
    assert not app.exception
    with transaction() as session:
        assert bot.id not in {each.id for each in queries.list_bots(session, actor=boss.actor)}


def test_a_bot_that_is_gone_is_said_to_be_deleted_or_not_shared(console: Console) -> None:
    app = console(person(kind=SessionKind.BROWSER), "test/bots/page.py")
    app.query_params["bot"] = "01a2299d-87d4-7544-81e7-478d432e0392"
    app.run()
    assert not app.exception
    assert "it was deleted, or is not shared" in said(app)
