"""A file that breaks off, such as half a download, is not shown as imported: its page says that the
rest is missing, however many rows were rejected before.
"""

import gzip
from uuid import UUID

from streamlit.testing.v1 import AppTest

from core.identity.schemas import Role, SessionKind
from core.imports import runner
from core.imports.schemas import ImportStart
from core.imports.service import files, imports
from core.imports.uploads import Upload
from core.platform import clock
from core.platform.ids import new_id
from tests.factories.identity import Person, person
from tests.pages.conftest import SETTINGS, Console, said

REJECTED = 120  # more than are kept


def half_a_file(admin: Person) -> UUID:
    """Upload a compressed table without its end: many rows of the future, and others."""
    now, rows = clock.now(), 30_000
    lines = [f"{'2126' if at < REJECTED else now.year}-01-01,e{at},u" for at in range(rows)]
    content = gzip.compress("\n".join(["created_at,event_type,user_id", *lines]).encode())
    import_id = new_id()
    with Upload(import_id) as upload:
        upload.write(content[: len(content) // 2])
        stored = upload.keep()
    files.add(import_id, "half.csv.gz", stored, actor=admin.actor)
    return import_id


def opened(console: Console, admin: Person, import_id: UUID) -> AppTest:
    app = console(admin, SETTINGS).button_group[0].set_value("Import").run()
    return app.button(f"open-{import_id}").click().run()


def test_the_page_of_half_a_file_says_that_the_rest_is_missing(console: Console) -> None:
    admin = person(Role.ADMIN, kind=SessionKind.BROWSER)
    import_id = half_a_file(admin)
    app = opened(console, admin, import_id)
    app.button("imports.try").click().run()
    runner.work(import_id, may_go_on=lambda: True)
    app = opened(console, admin, import_id)
    assert "breaks off after" in "".join(each.value for each in app.warning)
    imports.start(import_id, ImportStart(accept_refused=True), actor=admin.actor)
    runner.work(import_id, may_go_on=lambda: True)
    app = opened(console, admin, import_id)
    assert not app.exception
    assert "Incomplete file" in said(app)
    assert "breaks off after" in "".join(each.value for each in app.warning)
