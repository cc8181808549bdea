"""Pages offer the exports that an account may have, and say what others leave out."""

from uuid import UUID

import pytest
from streamlit.testing.v1 import AppTest

from core.database.db import Database, transaction
from core.datasets.service import sources
from core.datasets.source_schemas import AnnotationChoice
from core.executions.runner import Runner
from core.identity.schemas import Actor, Role, SessionKind
from core.playground.replay_schemas import NewReplay
from core.playground.schemas import SessionDetails
from core.playground.service import replays, sessions
from tests.factories import ab_tests, conversations
from tests.factories.datasets import dataset, question
from tests.factories.evaluations import answering, evaluated
from tests.factories.identity import Person, person
from tests.factories.prompts import create
from tests.factories.reviews import annotated
from tests.pages.conftest import PLAYGROUND, Console, said

FORMATS = ["Export JSON", "Export Markdown", "Export CSV"]
LEFT_OUT = "Texts that may come from users are left out; only super admins can export them."


@pytest.fixture
def admin(runner: Runner) -> Person:
    conversations.stored(conversations.conversation())
    return person(Role.ADMIN, kind=SessionKind.BROWSER)


@pytest.fixture
def super_admin(runner: Runner) -> Person:
    return person(Role.SUPER_ADMIN, kind=SessionKind.BROWSER)


def opened(console: Console, who: Person, page: str, **query: str) -> AppTest:
    app = console(who, page)
    app.query_params.update(query)
    return app.run()


def exports(app: AppTest) -> list[str]:
    return [each.proto.label for each in app.get("link_button") if "/export" in each.proto.url]


def replayed(actor: Actor) -> str:
    wanted = NewReplay(message_id="m1", model_id="fake:echo")
    with transaction() as session, transaction(Database.AI) as ai:
        return str(replays.start(session, ai, wanted, actor=actor).session_id)


def of_users(actor: Actor) -> UUID:
    """Return a dataset of a case that was written by hand, and one of a conversation."""
    made = dataset(actor, question(answering("good")))
    choice = AnnotationChoice(ids=(annotated(),))
    with transaction() as session, transaction(Database.AI) as ai:
        sources.add_annotations(session, ai, made.id, choice, actor=actor)
    return made.id


def by_hand(actor: Actor) -> UUID:
    return dataset(actor, question(answering("good")), name="By hand").id


def test_a_replay_of_a_conversation_is_offered_as_a_file_to_super_admins_only(
    console: Console, admin: Person, super_admin: Person
) -> None:
    app = opened(console, admin, PLAYGROUND, session=replayed(admin.actor))
    assert exports(app) == []
    assert "Only super admins can export replays of conversations." in said(app)
    assert "Import sessions" in [each.label for each in app.button]

    app = opened(console, super_admin, PLAYGROUND, session=replayed(super_admin.actor))
    assert exports(app) == FORMATS
    assert "Only super admins" not in said(app)


def test_a_chat_is_offered_as_a_file_to_admins(console: Console, admin: Person) -> None:
    with transaction() as session:
        made = sessions.create(session, SessionDetails(), actor=admin.actor)
    app = opened(console, admin, PLAYGROUND, session=str(made.session_id))
    assert exports(app) == FORMATS
    assert "Only super admins" not in said(app)


def dataset_details(console: Console, who: Person, dataset_id: UUID) -> AppTest:
    app = opened(console, who, "test/datasets/page.py", dataset=str(dataset_id))
    return app.button_group(key="datasets.section").set_value("Details and sharing").run()


def test_a_dataset_with_user_messages_is_offered_as_a_file_to_super_admins_only(
    console: Console, admin: Person, super_admin: Person
) -> None:
    app = dataset_details(console, admin, of_users(admin.actor))
    assert exports(app) == []
    assert "Only super admins can export cases of annotations and conversations." in said(app)

    app = dataset_details(console, super_admin, of_users(super_admin.actor))
    assert exports(app) == ["Export newest version"]
    assert "Only super admins" not in said(app)


def test_a_dataset_of_cases_written_by_hand_is_offered_as_a_file_to_admins(
    console: Console, admin: Person
) -> None:
    app = dataset_details(console, admin, by_hand(admin.actor))
    assert exports(app) == ["Export newest version"]
    assert "Only super admins" not in said(app)


def evaluation_settings(console: Console, who: Person, dataset_id: UUID) -> str:
    found = evaluated(who.actor, dataset_id=str(dataset_id), test_cases=[])
    app = opened(console, who, "test/evaluations/page.py", evaluation=str(found.id))
    app.button_group(key="evaluations.section").set_value("Settings").run()
    assert exports(app) == ["CSV", "JSON lines", "Markdown report"]
    return said(app)


def test_exports_of_an_evaluation_say_which_texts_they_leave_out(
    console: Console, admin: Person, super_admin: Person
) -> None:
    assert LEFT_OUT in evaluation_settings(console, admin, of_users(admin.actor))
    assert LEFT_OUT not in evaluation_settings(console, admin, by_hand(admin.actor))
    assert LEFT_OUT not in evaluation_settings(console, super_admin, of_users(super_admin.actor))


def ab_test_settings(console: Console, who: Person, dataset_id: UUID) -> str:
    versions = [create(who.actor, f"{who.actor.role} {n}", "{{input}}") for n in (1, 2)]
    variants = [{"template_id": str(it.id), "model_id": "fake:echo"} for it in versions]
    made = ab_tests.finished(
        who.actor,
        [],
        dataset_id=str(dataset_id),
        variants=variants,
        judge_model_id=ab_tests.JUDGE,
    )
    app = opened(console, who, "test/evaluations/ab_tests/page.py", test=str(made.id))
    app.button_group(key="ab_tests.section").set_value("Settings").run()
    assert exports(app) == ["Export CSV"]
    return said(app)


def test_the_export_of_an_ab_test_says_which_texts_it_leaves_out(
    console: Console, admin: Person, super_admin: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    ab_tests.Judges().install(monkeypatch)
    assert LEFT_OUT in ab_test_settings(console, admin, of_users(admin.actor))
    assert LEFT_OUT not in ab_test_settings(console, super_admin, of_users(super_admin.actor))
