"""Pages run by Streamlit without a browser; only the session cookie is injected."""

import re
from collections.abc import Callable, Iterator
from functools import cache as cache_of_results
from html import unescape
from typing import Any

import pytest
from streamlit import error_util
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import TextArea
from streamlit.util import calc_hash

from core.executions.runner import Runner
from core.platform.config import ROOT
from pages._ui import cache, errors, guard, links
from tests.factories.identity import Person

Console = Callable[..., AppTest]

OVERVIEW, AI_METRICS, USERS = (
    "watch/overview/page.py",
    "watch/ai_metrics/page.py",
    "watch/users/page.py",
)
TUNING = "review/tuning/page.py"
ENGAGEMENT = "watch/engagement/page.py"
ONBOARDING, BATCH_HISTORY = "watch/onboarding/page.py", "watch/batch_history/page.py"
PLAYGROUND, SETTINGS = "test/playground/page.py", "system/settings/page.py"
ACCOUNTS, YOU = "system/accounts/page.py", "system/you/page.py"
# By these Streamlit tells pages apart
HASHES = {file: calc_hash(address) for address, file in links.FILES.items()}


@pytest.fixture(scope="session", autouse=True)
def packages_are_searched_once() -> Iterator[None]:
    """Look for Streamlit components among the installed packages once, not for every tab."""
    patch = pytest.MonkeyPatch()
    found = cache_of_results(manifest_scanner.scan_component_manifests)
    patch.setattr(manifest_scanner, "scan_component_manifests", found)
    yield
    patch.undo()


@pytest.fixture(scope="session", autouse=True)
def pages_may_take_a_minute() -> Iterator[None]:
    """Wait a minute for each run of a page: a busy machine takes longer than three seconds."""
    patch, create = pytest.MonkeyPatch(), AppTest.__init__

    def patient(app: AppTest, *given: Any, default_timeout: float, **named: Any) -> None:  # noqa: ANN401  passed on
        create(app, *given, default_timeout=60, **named)

    patch.setattr(AppTest, "__init__", patient)
    yield
    patch.undo()


@pytest.fixture
def console(runner: Runner, monkeypatch: pytest.MonkeyPatch) -> Console:
    """Return a function that opens a page of the console, signed in or not."""
    cache.forget()  # what the test before has read
    show = error_util.handle_user_script_exception
    handler = "streamlit.runtime.scriptrunner.exec_code.handle_user_script_exception"
    monkeypatch.setattr(handler, lambda error, _: show(error, errors.on_script_error))

    def open_(person: Person | None, page: str | None = None) -> AppTest:
        monkeypatch.setattr(guard, "cookie", lambda: person.token if person else None)
        app = AppTest.from_file(str(ROOT / "pages" / "console.py"), default_timeout=60)
        if page is not None:
            app._page_hash = HASHES[page]  # noqa: SLF001  switch_page would draw the overview first
        return app.run()

    return open_


def said(app: AppTest) -> str:
    """Return the texts of a page in Markdown, captions, messages and HTML, without escapes."""
    html = [
        unescape(re.sub("<[^>]*>", "", each))
        for one in app.get("html")
        if not (each := str(one.proto.body)).startswith("<style>")
    ]
    return "\n".join([as_read(written(app)), *html])


def written(app: AppTest) -> str:
    """Return the same texts as Markdown source."""
    elements = (
        one
        for kind in ("title", "markdown", "caption", "info", "error", "toast")
        for one in app.get(kind)
    )
    return "\n".join(str(getattr(one, "value", "")) for one in elements)


def toasts(app: AppTest) -> list[str]:
    """Return the texts of toasts."""
    return [as_read(toast.value) for toast in app.toast]


def as_read(markdown: str) -> str:
    """Return Markdown source without escapes."""
    return re.sub(r"\\([^\w\s])", r"\1", markdown)


def prompt(app: AppTest) -> TextArea:
    """Return the field of the system prompt."""
    return next(area for area in app.text_area if area.label == "System prompt")
