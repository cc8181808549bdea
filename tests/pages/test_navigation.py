"""Which pages each role sees."""

from types import ModuleType
from typing import Any, NoReturn

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.conversations.queries import notes
from core.demo import queries
from core.errors import Failure, Unavailable
from core.identity.schemas import Role, SessionKind
from core.platform.config import ROOT
from pages._ui import guard, links
from pages._ui.shared_reads import ReadCancelled
from tests.factories.identity import person
from tests.pages.conftest import (
    ACCOUNTS,
    AI_METRICS,
    OVERVIEW,
    PLAYGROUND,
    SETTINGS,
    TUNING,
    YOU,
    Console,
    prompt,
    said,
)

ADMINS = [
    (PLAYGROUND, "Playground"),
    (SETTINGS, "Settings"),
    (ACCOUNTS, "Accounts"),
    (YOU, "Your account"),
]
WATCHERS = [(OVERVIEW, "Overview"), (AI_METRICS, "AI metrics")]
READERS = [(TUNING, "Tuning")]
EVERYBODYS = [(YOU, "Your account")]


@pytest.mark.parametrize(
    ("role", "page", "title"),
    [
        *((role, page, title) for role in (Role.SUPER_ADMIN, Role.ADMIN) for page, title in ADMINS),
        *(
            (role, page, title)
            for role in (Role.SUPER_ADMIN, Role.ADMIN, Role.ANALYST)
            for page, title in WATCHERS
        ),
        *(
            (role, page, title)
            for role in (Role.SUPER_ADMIN, Role.ADMIN, Role.REVIEWER)
            for page, title in READERS
        ),
        *(
            (role, page, title)
            for role in (Role.ANALYST, Role.REVIEWER)
            for page, title in EVERYBODYS
        ),
    ],
)
def test_a_role_opens_its_pages(console: Console, role: Role, page: str, title: str) -> None:
    app = console(person(role, kind=SessionKind.BROWSER), page)
    assert not app.exception
    assert [one.value for one in app.title] == [title]


@pytest.mark.parametrize("role", [Role.ANALYST, Role.REVIEWER])
@pytest.mark.parametrize("page", [PLAYGROUND, SETTINGS, ACCOUNTS])
def test_a_page_guards_itself_should_somebody_come_past_the_navigation(
    console: Console, monkeypatch: pytest.MonkeyPatch, role: Role, page: str
) -> None:
    visitor = person(role, kind=SessionKind.BROWSER)
    console(visitor)
    app = AppTest.from_file(str(ROOT / "pages" / page), default_timeout=60).run()
    assert "You don't have access to this page" in said(app)
    assert not app.title
    monkeypatch.setattr(guard, "cookie", lambda: None)
    app.run()
    assert "Your session has ended" in said(app)
    assert not app.title


@pytest.mark.parametrize("page", [OVERVIEW, AI_METRICS])
def test_figures_are_not_for_reviewers(console: Console, page: str) -> None:
    console(person(Role.REVIEWER, kind=SessionKind.BROWSER))
    app = AppTest.from_file(str(ROOT / "pages" / page), default_timeout=60).run()
    assert "You don't have access to this page" in said(app)
    assert not app.title


def test_of_reviews_analysts_have_the_figures_and_nothing_that_is_said(console: Console) -> None:
    console(person(Role.ANALYST, kind=SessionKind.BROWSER))
    app = AppTest.from_file(str(ROOT / "pages" / TUNING), default_timeout=60).run()
    assert "Annotation totals and reviewer agreement" in said(app)
    assert "What was said" not in said(app)


def test_nobody_is_led_to_the_sign_in_page(console: Console) -> None:
    app = console(None)
    assert not app.exception
    assert not app.title
    assert "session has ended" in said(app)


def test_the_memory_of_a_tab_is_not_handed_to_the_next_account(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = person(kind=SessionKind.BROWSER), person(kind=SessionKind.BROWSER)
    app = console(first, PLAYGROUND)
    prompt(app).set_value("A prompt of the first").run()
    monkeypatch.setattr(guard, "cookie", lambda: second.token)
    app.run()
    assert prompt(app).value != "A prompt of the first"


@pytest.mark.parametrize("role", list(Role))
def test_every_address_has_a_page_for_every_role(
    console: Console, monkeypatch: pytest.MonkeyPatch, role: Role
) -> None:
    """Else Streamlit would say that there is no such page, and run another one."""
    drawn: list[st.Page] = []
    navigation = st.navigation

    def noted(pages: dict[str, list[st.Page]], **how: Any) -> st.Page:  # noqa: ANN401  Streamlit's own
        drawn.extend(page for section in pages.values() for page in section)
        return navigation(pages, **how)

    monkeypatch.setattr(st, "navigation", noted)
    app = console(person(role, kind=SessionKind.BROWSER))
    assert not app.exception
    assert {page.url_path for page in drawn} == {"", *links.ADDRESSES}


@pytest.mark.parametrize("failure", [Unavailable, ReadCancelled])
@pytest.mark.parametrize("read", [(notes, "count_unseen"), (queries, "find_demo")])
def test_a_page_is_drawn_though_the_frame_around_it_could_not_be_read(
    read: tuple[ModuleType, str],
    failure: type[Failure],
    console: Console,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # A busy read of the sidebar broke the whole page
    def refuse(*_: object, **__: object) -> NoReturn:
        raise failure

    refuse.__module__, refuse.__qualname__ = read[0].__name__, read[1]
    monkeypatch.setattr(*read, refuse)
    app = console(person(Role.ADMIN, kind=SessionKind.BROWSER), YOU)
    assert [title.value for title in app.title] == ["Your account"]
    assert "Something went wrong" not in said(app)
