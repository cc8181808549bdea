"""Keys and imports are drawn some at a time: thousands of cards take half a minute, and an import
that no page shows can't be undone.
"""

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from core.identity.schemas import Role, SessionKind
from core.imports.service import files
from core.imports.uploads import Upload
from core.platform.ids import new_id
from tests.factories.identity import Person, person
from tests.factories.keys import api_key
from tests.pages.conftest import SETTINGS, Console

SHOWN = 25


def make_keys(_admin: Person) -> None:
    for number in range(SHOWN + 1):
        api_key(name=f"key {number}")


def upload_files(admin: Person) -> None:
    for number in range(SHOWN + 1):
        import_id = new_id()
        with Upload(import_id) as upload:
            upload.write(b"timestamp,model\n")
            stored = upload.keep()
        files.add(import_id, f"{number}.csv", stored, actor=admin.actor)


def buttons(app: AppTest, label: str) -> int:
    assert not app.exception
    return sum(button.label == label for button in app.button)


@pytest.mark.parametrize(
    ("section", "create", "at", "label"),
    [
        ("API keys", make_keys, "keys", "Revoke"),
        ("Import", upload_files, "imports", "Open"),
    ],
)
def test_a_long_list_is_shown_in_pages(
    console: Console, section: str, create: Callable[[Person], None], at: str, label: str
) -> None:
    # 2,000 keys took 30 s to draw
    admin = person(Role.ADMIN, kind=SessionKind.BROWSER)
    create(admin)
    app = console(admin, SETTINGS).button_group[0].set_value(section).run()
    assert [each.proto.num_pages for each in app.get("pagination")] == [2]
    assert buttons(app, label) == SHOWN
    app.session_state[f"{at}.page"] = 2
    assert buttons(app.run(), label) == 1
