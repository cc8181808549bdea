"""Who sees which pages."""

import pytest

from core.identity.schemas import Role, SessionKind
from tests.factories.identity import person
from tests.pages.conftest import Console

PLAYGROUND, SETTINGS, ACCOUNTS, YOU = "test/playground.py", "system/settings.py", "system/accounts.py", "system/you.py"


@pytest.mark.parametrize(
    ("role", "page", "title"),
    [
        (Role.SUPER_ADMIN, PLAYGROUND, "Playground"),
        (Role.ADMIN, PLAYGROUND, "Playground"),
        (Role.ADMIN, SETTINGS, "Settings"),
        (Role.ADMIN, ACCOUNTS, "Accounts"),
        (Role.ANALYST, YOU, "Your account"),
        (Role.REVIEWER, YOU, "Your account"),
    ],
)
def test_a_role_opens_its_pages(console: Console, role: Role, page: str, title: str) -> None:
    app = console(person(role, kind=SessionKind.BROWSER), page)
    assert not app.exception
    assert [one.value for one in app.title] == [title]


def test_nobody_is_led_to_the_sign_in_page(console: Console) -> None:
    app = console(None)
    assert not app.exception
    assert not app.title
    assert "signed out" in app.markdown[0].value
