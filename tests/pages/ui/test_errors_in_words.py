"""Errors on pages say what failed and what to do, without a traceback or a blank page."""

import logging
import re
from typing import Any, NoReturn

import pytest
import streamlit as st

from core.database.db import transaction
from core.errors import Unavailable
from core.identity.schemas import Role, SessionKind
from core.platform.config import ROOT
from core.playground import queries as playground
from pages._ui import guard, state
from tests.factories.identity import person
from tests.pages.conftest import ACCOUNTS, PLAYGROUND, SETTINGS, YOU, Console, said, toasts

TRANSACTION = "pages._ui.guard.transaction"
NAMES = {PLAYGROUND: "playground", SETTINGS: "settings", ACCOUNTS: "accounts", YOU: "your account"}


def away() -> NoReturn:
    """Simulate an unavailable database."""
    raise Unavailable


@pytest.mark.parametrize("page", NAMES)
def test_a_database_that_is_away_is_said_once_and_can_be_tried_again(
    console: Console, monkeypatch: pytest.MonkeyPatch, page: str
) -> None:
    app = console(person(Role.SUPER_ADMIN, kind=SessionKind.BROWSER), page)
    with monkeypatch.context() as patch:
        patch.setattr(TRANSACTION, away)
        app.run()
        assert not app.exception
        assert "Could not load the console" in said(app)
        assert "The database is not responding" in said(app)
    app.button(key="retry.Could not load the console").click().run()
    assert "Could not load" not in said(app)
    assert app.title


def test_the_page_that_was_clicked_in_an_outage_stays_the_one_of_its_tab(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = console(person(Role.SUPER_ADMIN, kind=SessionKind.BROWSER), YOU)
    shown: list[str] = []
    navigate = st.navigation

    def noted(pages: Any, **given: Any) -> st.Page:  # noqa: ANN401  Streamlit's own
        shown.append(navigate(pages, **given).title)
        return navigate(pages, **given)

    monkeypatch.setattr(st, "navigation", noted)
    monkeypatch.setattr(TRANSACTION, away)
    app.switch_page(str(ROOT / "pages" / SETTINGS)).run()
    assert shown == ["Settings"]


def test_who_is_signed_out_sees_no_names_of_pages(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = console(person(Role.SUPER_ADMIN, kind=SessionKind.BROWSER), YOU)
    monkeypatch.setattr(guard, "cookie", lambda: None)
    app.run()
    monkeypatch.setattr(guard, "cookie", lambda: "a token")
    monkeypatch.setattr(TRANSACTION, away)
    app.run()
    assert state.ACTOR not in app.session_state


@pytest.mark.parametrize(("page", "name"), NAMES.items())
def test_a_page_whose_reading_fails_keeps_the_navigation(
    console: Console, monkeypatch: pytest.MonkeyPatch, page: str, name: str
) -> None:
    app = console(person(Role.SUPER_ADMIN, kind=SessionKind.BROWSER), page)
    calls = iter(range(100))
    monkeypatch.setattr(TRANSACTION, lambda: transaction() if next(calls) == 0 else away())
    app.run()
    assert not app.exception
    assert f"Could not load {name}" in said(app)
    assert app.button(key="console.sign_out")


def test_what_nobody_expected_has_a_reference_that_the_log_has_too(
    console: Console, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    app = console(person(kind=SessionKind.BROWSER), PLAYGROUND)

    def break_() -> None:
        raise RuntimeError("a secret of the inside")

    monkeypatch.setattr(playground, "list_messages", lambda *_: break_())
    with caplog.at_level(logging.ERROR, "attune.console"):
        app.run()
    words = said(app)
    assert not app.exception
    assert "Something went wrong" in words
    assert "a secret of the inside" not in words
    assert "Traceback" not in words
    reference = re.search(r"Reference `([0-9a-f-]{36})`", words)
    assert reference is not None
    [record] = [one for one in caplog.records if one.name == "attune.console"]
    assert record.incident == reference.group(1)  # type: ignore[attr-defined]  # what the log call added
    assert record.exc_info is not None


def test_an_action_that_is_refused_is_said_in_a_toast_and_changes_nothing(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = console(person(kind=SessionKind.BROWSER), PLAYGROUND)
    calls = iter(range(100))
    monkeypatch.setattr(TRANSACTION, lambda: away() if next(calls) == 0 else transaction())
    app.chat_input[0].set_value("Not to be lost").run()
    assert toasts(app) == ["The database is not responding. Try again in a few seconds."]
    assert not app.chat_message[:-1]
    assert app.chat_input[0].proto.value == "Not to be lost"
    assert app.chat_input[0].proto.set_value
