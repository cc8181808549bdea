"""Feedback in its drawer."""

from datetime import timedelta

from core.identity.schemas import Role, SessionKind
from core.ingest.rows import key_of
from core.platform import clock
from tests.factories import imports
from tests.factories.conversations import conversation, stored
from tests.factories.identity import person
from tests.pages.conftest import Console, toasts


def test_ratings_are_shown_by_what_made_the_answers(console: Console) -> None:
    at = (clock.now() - timedelta(hours=1)).isoformat()
    stored(conversation("c", messages=2) | {"release": "4.2"})
    imports.send("feedback", {"conversation_id": "c", "rating": -1, "created_at": at})
    app = console(person(Role.REVIEWER, kind=SessionKind.BROWSER), "review/knowledge/page.py")
    app.button_group(key="knowledge.section").set_value("Feedback").run()
    app.button_group(key="feedback.by").set_value("release").run()
    assert not app.exception
    [table] = [each.value for each in app.dataframe if "Release" in each.value.columns]
    assert table.to_dict("records")[0]["Release"] == "4.2"


def test_a_rated_answer_joins_the_queue_once(console: Console) -> None:
    stored(conversation("c", messages=2))
    at = (clock.now() - timedelta(hours=1)).isoformat()
    rated = {"conversation_id": "c", "message_id": "m1", "rating": -1, "scale": "thumbs"}
    imports.send("feedback", rated | {"id": "f", "created_at": at})
    app = console(person(Role.REVIEWER, kind=SessionKind.BROWSER), "review/knowledge/page.py")
    app.button_group(key="knowledge.section").set_value("Feedback").run()
    app.query_params["row"] = str(key_of("feedback", "f"))
    app.run()
    assert not app.exception
    for words in ("Added to the queue", "Already in the queue"):
        next(each for each in app.button if each.label == "Add to review queue").click().run()
        assert toasts(app) == [words]
