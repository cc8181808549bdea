"""Replays in the console: from a conversation and an annotation to the playground and the diff."""

from uuid import UUID

import pytest
from sqlalchemy import select, text
from streamlit.testing.v1 import AppTest

from core.annotations.models import PreferencePair
from core.database.db import Database, transaction
from core.executions import runner as runners
from core.identity.schemas import Role, SessionKind
from core.platform import clock
from core.playground import queries
from core.playground import replays as replay_reads
from core.playground.models import PlaygroundReplay
from core.playground.replay_schemas import NewReplay, StartedReplay
from core.playground.schemas import PlaygroundSessionView
from core.playground.service import replays, sharing
from core.playground.sharing.schemas import SessionReader, SessionReaders
from pages._ui import guard
from tests.factories import prompts
from tests.factories.conversations import conversation, message, stored
from tests.factories.executions import ended
from tests.factories.identity import Person, person
from tests.factories.playground import messages_of
from tests.factories.requests import ai_requests
from tests.factories.reviews import annotated, message_id
from tests.pages.conftest import AI_METRICS, PLAYGROUND, TUNING, Console, prompt, said, toasts

# As Streamlit does with a second press before the page is drawn anew
PRESSED_TWICE = """
from core.platform.ids import new_id
from core.playground.replay_schemas import NewReplay
from pages._ui.review import replay_button

press = NewReplay(message_id="m1", model_id="fake:echo"), new_id()
replay_button.begin(*press)
replay_button.begin(*press)
"""


@pytest.fixture
def admin(console: Console) -> Person:
    """Return an admin at a browser, with a conversation."""
    told = [message(0, content="Where is it?"), message(1, content="It is lost.", prompt_name="a")]
    stored(conversation("c", title="Lost order") | {"messages": told})
    return person(Role.ADMIN, kind=SessionKind.BROWSER)


def opened(console: Console, who: Person, page: str, **query: str) -> AppTest:
    app = console(who, page)
    app.query_params.update(query)
    return app.run()


def replayed(who: Person, **wanted: object) -> StartedReplay:
    """Replay the answer with the quick model, and wait for the new one."""
    given = {"message_id": "m1", "model_id": "fake:echo"} | wanted
    with transaction() as core, transaction(Database.AI) as ai:
        started = replays.start(core, ai, NewReplay.model_validate(given), actor=who.actor)
    buffer = runners.current().find(started.execution_id)
    assert buffer is not None
    ended(buffer)
    return started


def newest(who: Person) -> PlaygroundSessionView:
    with transaction() as session:
        id_ = queries.find_newest_session(session, owner=who.actor.id)
        assert id_ is not None
        return queries.get_session(session, id_, owner=who.actor.id)


def html(app: AppTest) -> str:
    return "\n".join(str(each.proto.body) for each in app.get("html"))


def test_an_answer_of_a_conversation_is_replayed_in_the_playground(
    console: Console, admin: Person
) -> None:
    app = opened(console, admin, TUNING, conversation="c")
    app.button(key=f"replay.{message_id('m1')}").click().run()
    assert toasts(app) == []
    session = newest(admin)
    assert session.name == "Replay: Lost order"
    assert [each.content for each in messages_of(admin.actor, session.session_id)][:1] == [
        "Where is it?"
    ]


def test_a_button_that_is_pressed_twice_starts_one_replay(
    admin: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "cookie", lambda: admin.token)
    app = AppTest.from_string(PRESSED_TWICE, default_timeout=60).run()
    assert not app.exception
    with transaction() as session:
        replays_made = list(session.scalars(select(PlaygroundReplay.session_id)))
    assert replays_made == [newest(admin).session_id]


def test_an_annotation_is_replayed_from_its_drawer(console: Console, admin: Person) -> None:
    note = annotated("m1", suggested_response="On its way.")
    app = opened(console, admin, TUNING, view="annotations", row=str(note))
    app.button(key=f"replay.{note}").click().run()
    with transaction() as session:
        found = queries.find_replay(session, newest(admin).session_id)
    assert found is not None
    assert found.annotation_id == note


def test_reviewers_are_offered_no_replay(console: Console, admin: Person) -> None:
    reviewer = person(Role.REVIEWER, kind=SessionKind.BROWSER)
    app = opened(console, reviewer, TUNING, conversation="c")
    labels = [button.label for button in app.button]
    assert "Annotate" in labels
    assert "Replay" not in labels


def test_the_answers_stand_beside_the_chat_and_then_as_a_word_diff(
    console: Console, admin: Person
) -> None:
    note = annotated("m1", suggested_response="On its way.")
    started = replayed(admin, message_id=None, annotation_id=note)
    app = opened(console, admin, PLAYGROUND, session=str(started.session_id))
    shown = said(app)
    assert [each in shown for each in ("It is lost.", "On its way.", "Fake answer: ")] == [True] * 3
    assert "<del>" not in html(app)
    app.toggle(key="replay.diff").set_value(True).run()
    assert html(app).count('class="attune-diff"') == 2
    assert "<del>" in html(app)


def test_a_replay_offers_models_alone_and_no_tools(console: Console, admin: Person) -> None:
    app = opened(console, admin, PLAYGROUND, session=str(replayed(admin).session_id))
    assert app.selectbox[0].value == "fake:echo"
    assert not app.multiselect


def test_it_is_replayed_again_with_what_is_set_in_a_new_session(
    console: Console, admin: Person
) -> None:
    first = replayed(admin, system_prompt="Be kind.").session_id
    app = opened(console, admin, PLAYGROUND, session=str(first))
    prompt(app).set_value("Rhyme.").run()
    app.button(key="replay.again").click().run()
    assert toasts(app) == []
    second = newest(admin)
    assert second.session_id != first
    assert (second.draft.model, second.draft.custom_prompt) == ("fake:echo", "Rhyme.")
    assert app.query_params["session"] == str(second.session_id)
    assert len(messages_of(admin.actor, second.session_id)) == 2


def test_an_answer_of_a_prompt_of_ours_leads_to_its_editor_with_what_was_tried(
    console: Console, admin: Person
) -> None:
    started = replayed(admin, system_prompt="Say {{it}} briefly.")
    app = opened(console, admin, PLAYGROUND, session=str(started.session_id))
    assert "New version of a" not in [button.label for button in app.button]
    made = prompts.create(admin.actor, "a", "", system_prompt="Say it in {{language}}.")
    app = opened(console, admin, PLAYGROUND, session=str(started.session_id))
    app = next(it for it in app.button if it.label == "New version of a").click().run()
    assert app.query_params["prompt"] == str(made.id)
    assert prompt(app).value == r"Say \{{it}} briefly."
    model = next(box for box in app.selectbox if box.label == "Model")
    assert model.value == "fake:echo"
    assert next(it for it in app.text_input if it.label == "Note").value == "Tried in a replay"
    assert "Save as version 2" in [button.label for button in app.button]


def test_a_vote_on_a_replay_is_kept_with_its_reason(console: Console, admin: Person) -> None:
    session_id = replayed(admin).session_id
    app = opened(console, admin, PLAYGROUND, session=str(session_id))
    app.text_input(key=f"replay.reason.{session_id}").set_value("Kinder.").run()
    app.button(key=f"replay.vote.{session_id}.new").click().run()
    assert not app.exception
    with transaction() as core, transaction(Database.AI) as ai:
        found = replay_reads.find(core, ai, session_id, actor=admin.actor)
        [pair] = ai.scalars(select(PreferencePair)).all()
    assert found is not None
    assert (found.outcome, found.reason) == ("new", "Kinder.")
    assert pair.rejected == "It is lost."


def test_a_reason_that_is_entered_after_the_vote_is_kept(console: Console, admin: Person) -> None:
    session_id = replayed(admin).session_id
    app = opened(console, admin, PLAYGROUND, session=str(session_id))
    app.button(key=f"replay.vote.{session_id}.new").click().run()
    app.text_input(key=f"replay.reason.{session_id}").set_value("Kinder.").run()
    assert not app.exception
    with transaction() as core, transaction(Database.AI) as ai:
        found = replay_reads.find(core, ai, session_id, actor=admin.actor)
    assert found is not None
    assert (found.outcome, found.reason) == ("new", "Kinder.")


def test_a_request_of_an_answer_is_replayed_from_ai_metrics(
    console: Console, admin: Person
) -> None:
    now = clock.now().isoformat()
    row = {"model": "gpt-5", "created_at": now, "conversation_id": "c"}
    ai_requests({**row, "id": "r1", "message_id": "m1"}, {**row, "id": "r2"})
    app = opened(console, admin, AI_METRICS, request="r2")
    assert "Replay" not in [button.label for button in app.button]
    app = opened(console, admin, AI_METRICS, request="r1")
    next(button for button in app.button if button.label == "Replay").click().run()
    assert toasts(app) == []
    assert newest(admin).name == "Replay: Lost order"


def test_a_deleted_conversation_is_said_to_be_so(console: Console, admin: Person) -> None:
    session_id: UUID = replayed(admin).session_id
    with transaction() as session:
        session.execute(text("delete from conversations"))
    app = opened(console, admin, PLAYGROUND, session=str(session_id))
    shown = said(app)
    assert "The conversation was deleted" in shown
    assert "Fake answer: " in shown
    assert "Open conversation" not in links_of(app)
    assert not [button for button in app.button if button.key == "replay.again"]


def links_of(app: AppTest) -> list[str]:
    return [str(each.proto.label) for each in app.get("page_link")]


def test_a_reviewer_reads_a_shared_replay_beside_its_conversation(
    console: Console, admin: Person
) -> None:
    reviewer = person(Role.REVIEWER, kind=SessionKind.BROWSER)
    started = replayed(admin)
    app = opened(console, reviewer, TUNING, conversation="c")
    assert "shared with you" not in said(app)
    readers = SessionReaders(accounts=(SessionReader(email=reviewer.actor.email),))
    with transaction() as session:
        sharing.share(session, started.session_id, readers, actor=admin.actor)
    app = opened(console, reviewer, TUNING, conversation="c")
    app = app.button(key=f"replay-{started.session_id}").click().run()
    assert "It is lost." in said(app)
    assert "Fake answer: Where is it?" in said(app)
