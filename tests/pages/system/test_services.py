"""Services in Settings and beside the chat: their states, in words."""

from typing import Any
from uuid import UUID

import pytest

from core.database.db import transaction
from core.executions.schemas import ExecutionStatus
from core.executions.service import service_calls
from core.identity.schemas import Role, SessionKind
from core.playground import queries
from core.playground.service import answers
from core.services import service
from core.services.schemas import CreatedService, NewService, ServiceStatus
from tests.factories.identity import Person, person
from tests.factories.playground import said as ask
from tests.pages.conftest import PLAYGROUND, SETTINGS, Console, said, toasts


@pytest.fixture
def admin(console: Console) -> Person:
    """Return an admin at a browser."""
    return person(Role.ADMIN, kind=SessionKind.BROWSER)


def added(admin: Person, **more: Any) -> CreatedService:  # noqa: ANN401  fields
    given = {"name": "Bot *1*", "chat_url": "http://127.0.0.1:9/chat", "token": "t", **more}
    with transaction() as session:
        return service.add(session, NewService.model_validate(given), actor=admin.actor)


def test_settings_show_the_state_of_each_service(console: Console, admin: Person) -> None:
    made = added(admin, is_active=True, production=True, upload_url="http://127.0.0.1:9/files")
    detail = "The service rejected the token (401)."
    with transaction() as session:
        service.record_job(session, made.id, status=ServiceStatus.UNAUTHORIZED, detail=detail)
    app = console(admin, SETTINGS)
    app.button_group[0].set_value("Services").run()
    shown = said(app)
    assert ":red-badge[Token rejected] :blue-badge[Active] :gray-badge[Production]" in shown
    assert "http://127.0.0.1:9/files" in shown
    assert "no valid token" in shown
    assert "The service rejected the token" in shown
    app.button(key=f"services.activate-{made.id}").click().run()
    assert ":blue-badge[Active]" not in said(app)
    app.button(key=f"services.activate-{made.id}").click().run()
    assert toasts(app) == ["Bot *1* is active"]


def test_a_rotated_secret_is_shown_until_it_is_dismissed(console: Console, admin: Person) -> None:
    made = added(admin)
    app = console(admin, SETTINGS)
    app.button_group[0].set_value("Services").run()
    app.button(key=f"services.key-{made.id}").click().run()
    app.button(key="services.confirm").click().run()
    assert app.code[0].value.startswith("whsec_")
    app.button(key="services.done").click().run()
    assert "whsec_" not in said(app)


def test_a_late_answer_is_marked_beside_the_chat(console: Console, admin: Person) -> None:
    made = added(admin, is_active=True)
    sent = ask(admin.actor, model=None)
    end(admin, sent.job_id, made.id)
    app = console(admin, PLAYGROUND)
    assert app.selectbox[0].options[0] == "Bot *1*  ·  active service"
    assert ":orange-badge[Late]" in said(app)
    assert "four" in said(app)


def end(admin: Person, job_id: str, service_id: UUID) -> None:
    """Let a job fail as unreachable, and be answered all the same."""
    execution_id = UUID(job_id)
    with transaction() as session:
        reason = service_calls.UNREACHABLE
        service_calls.fail(session, execution_id, reason=reason, detail="It is away.")
        answers.settle(session, execution_id)
        service_calls.finish(session, execution_id, service_id, answer="four", error=None)
        answers.settle(session, execution_id)
        newest = queries.find_newest_session(session, owner=admin.actor.id)
        assert newest is not None
        assert queries.list_messages(session, newest)[-1].status is ExecutionStatus.COMPLETED


def test_a_deactivated_service_leaves_the_list_of_models(console: Console, admin: Person) -> None:
    made = added(admin, is_active=True)
    app = console(admin, PLAYGROUND)
    assert app.selectbox[0].value == ""
    with transaction() as session:
        service.remove(session, made.id, actor=admin.actor)
    app.run()
    assert app.selectbox[0].value.startswith("fake:")
    assert "No active service: the model below answers." in said(app)
