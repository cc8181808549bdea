"""Pages as Streamlit runs them, without a browser: the session cookie is the only thing that is put in by hand."""

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from core.config import ROOT
from core.executions.runner import Runner
from pages._ui import guard
from tests.factories.identity import Person

Console = Callable[..., AppTest]


@pytest.fixture
def console(runner: Runner, monkeypatch: pytest.MonkeyPatch) -> Console:
    """Return how to open a page of the console as somebody, or as nobody."""

    def open_(person: Person | None, page: str | None = None) -> AppTest:
        monkeypatch.setattr(guard, "cookie", lambda: person.token if person else None)
        app = AppTest.from_file(str(ROOT / "pages" / "console.py"), default_timeout=20).run()
        return app.switch_page(str(ROOT / "pages" / page)).run() if page else app

    return open_
