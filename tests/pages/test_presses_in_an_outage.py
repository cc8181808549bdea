"""What is pressed, or looks again by itself, says during an outage what is wrong."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, NoReturn

import pytest
from streamlit.testing.v1 import AppTest

from core.errors import Unavailable
from core.identity.errors import SessionExpired
from core.platform.ids import new_id
from pages._ui import guard, state
from pages._ui.review import case_button
from pages.review.tuning.queue import adjudication_actions
from pages.system.settings import quota_form
from pages.test.playground.sessions import details_dialog, session_actions
from pages.test.prompts.labels import gate_dialog, label_move
from tests.pages.conftest import said

ANYTHING: Any = SimpleNamespace(
    id=new_id(),
    session_id=new_id(),
    message_count=1,
    name="",
    description="",
    project="",
    tags=[],
    metadata=None,
)
PRESSES: dict[str, Callable[[], object]] = {
    "make a case of a conversation": lambda: case_button.open_conversation(new_id()),
    "make a case of an answer": lambda: case_button.open_answer(new_id(), new_id()),
    "write an own verdict": lambda: adjudication_actions.write_own(new_id()),
    "add a quota": quota_form.open_form,
    "edit details": lambda: details_dialog.open_dialog(ANYTHING),
    "delete a session": lambda: session_actions._ask_to_delete(ANYTHING),  # noqa: SLF001  a callback
    "set a gate": lambda: gate_dialog.open_gate(ANYTHING, "production", None),
    "move a label": lambda: label_move.open_move(ANYTHING, None, ANYTHING),
}


def away() -> NoReturn:
    raise Unavailable("Away.")


@pytest.mark.parametrize("press", PRESSES)
def test_a_press_that_reads_first_says_that_the_database_is_away(
    press: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Callbacks that read and were no actions broke the page
    problems: list[str] = []
    monkeypatch.setattr(state, "problem", problems.append)
    for name in ("work", "ai_work", "work_on_both"):
        monkeypatch.setattr(guard, name, away)
    PRESSES[press]()
    assert problems == ["Away."]


LOOKS = {
    "a funnel that is prepared": """
from types import SimpleNamespace
from core.activity.service.saved_funnels import FunnelState
from pages._ui.funnels import funnel_progress
funnel_progress.draw(SimpleNamespace(id=None, state=FunnelState.PREPARING))
""",
    "evaluations that go on": """
from pages.test.evaluations import evaluation_list, progress
progress.draw_together({}, evaluation_list._read)
""",
}


@pytest.mark.parametrize("what", LOOKS)
def test_what_looks_again_by_itself_says_that_the_database_is_away(
    what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "work", away)
    app = AppTest.from_string(LOOKS[what]).run()
    assert not app.exception
    assert "Away." in said(app)


def ended() -> NoReturn:
    raise SessionExpired


def test_the_checklist_says_that_the_session_has_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "work", ended)
    draw = "from pages.watch.overview import setup_panel\nsetup_panel._draw(is_open=True)"
    app = AppTest.from_string(draw).run()
    assert not app.exception
    assert "Your session has ended" in said(app)
