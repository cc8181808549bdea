"""The console in a browser: one program with its own data folder, one Chromium, and new windows for
each test.

Every window records its requests and the errors of its pages; both are checked when it closes.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Browser, BrowserContext, Playwright, ViewportSize, sync_playwright

from core.identity.schemas import Role
from core.platform.config import ROOT
from tests.browser import chromium
from tests.browser.console import Account, Program, Window

OWNER = Account("owner@example.com", "correct horse battery", Role.SUPER_ADMIN)
ARGUMENTS = (
    *chromium.ARGUMENTS,
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost",
    # Pages live for seconds: optimizing their scripts costs more than it saves
    "--js-flags=--no-opt --no-maglev",
)
SIZE: ViewportSize = {"width": 1440, "height": 900}
SEEN_AS: dict[str, Any] = {"reduced_motion": "reduce", "timezone_id": "Europe/Berlin"}
PATIENCE_S = 180.0  # a start takes 20 s of CPU where all cores are busy

OpenWindow = Callable[..., Window]
HAS_FAILED = pytest.StashKey[bool]()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Try a failed test once more: when the machine is busy, a key can arrive while its page is
    drawn anew. The report lists what needed it (RERUN): see there for races that users may meet.
    """
    for item in items:
        if item.nodeid.startswith("tests/browser/"):
            item.add_marker(pytest.mark.flaky(reruns=1))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note whether a test has failed, for what ends after it."""
    report = yield
    if call.when == "call":
        item.stash[HAS_FAILED] = report.failed
    return report


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """Run the whole program, with the packaged model and the fake provider; who asks without
    choosing asks the fake.
    """
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    folder = tmp_path_factory.mktemp("browser")
    with (folder / "output.txt").open("w") as output:
        running = subprocess.Popen(
            [sys.executable, "app.py"],
            cwd=ROOT,
            env=_environment(port, folder / "data"),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            address = f"http://localhost:{port}"
            _wait_until_ready(address, running, folder / "output.txt")
            # Kept connections would be closed by the server just when the next test picks one up.
            unkept = httpx2.Limits(max_keepalive_connections=0)
            with httpx2.Client(
                base_url=f"{address}/api/v1", timeout=30, trust_env=False, limits=unkept
            ) as api:
                started = Program(address, OWNER, api)
                started.change_settings(default_model="fake:echo")
                yield started
        finally:
            running.send_signal(signal.SIGTERM)
            running.wait(PATIENCE_S)


def _environment(port: int, data: Path) -> dict[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in ("PATH", "HOME", "LANG", "TMPDIR")
    }
    return {
        **kept,
        "PORT": str(port),
        "DATA": str(data),
        "ATTUNE_ADMIN_EMAIL": OWNER.email,
        "ATTUNE_ADMIN_PASSWORD": OWNER.password,
        "ATTUNE_FAKE_PROVIDER": "1",
        "ATTUNE_DEMO": "0",
        "ATTUNE_ALLOW_HOSTS": "127.0.0.1",  # of the MCP server of tests
        "RATE_LIMIT_STANDARD": "100000",
        "RATE_LIMIT_STREAMING": "100000",
    }


def _wait_until_ready(address: str, running: subprocess.Popen[bytes], output: Path) -> None:
    give_up_at = time.monotonic() + PATIENCE_S
    while time.monotonic() < give_up_at and running.poll() is None:
        try:
            if httpx2.get(f"{address}/readyz", trust_env=False).status_code == 200:
                return
        except httpx2.TransportError:
            time.sleep(0.1)
    raise AssertionError(f"the program did not start:\n{output.read_text()}")


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """Start Playwright."""
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="session")
def owners_context(
    playwright: Playwright, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[BrowserContext]:
    """Start the browser, from which no name but localhost can be reached, with the owner's context:
    one with a folder keeps scripts compiled, half the time of opening a page.
    """
    with playwright.chromium.launch_persistent_context(
        tmp_path_factory.mktemp("chromium"),
        executable_path=chromium.find(),
        args=ARGUMENTS,
        viewport=SIZE,
        **SEEN_AS,
    ) as context:
        yield context


@pytest.fixture(scope="session")
def browser(owners_context: BrowserContext) -> Browser:
    """Return the browser."""
    assert owners_context.browser is not None
    return owners_context.browser


@pytest.fixture(scope="session")
def windows(
    browser: Browser, owners_context: BrowserContext, program: Program
) -> Iterator[OpenWindow]:
    """Return how to have a window of somebody, or of nobody; one of each, so that pages come from
    its cache after the first.
    """
    opened: dict[tuple[object, ...], Window] = {}

    def open_(account: Account | None = OWNER, *, width: int = 1440, height: int = 900) -> Window:
        key = (account, width, height)
        if key not in opened:
            size: ViewportSize = {"width": width, "height": height}
            is_owners = account == OWNER and size == SIZE
            context = owners_context if is_owners else browser.new_context(viewport=size, **SEEN_AS)
            context.set_default_timeout(30_000)
            opened[key] = Window(program.address, context)
            if account is not None:
                opened[key].let_in(program.cookie(account))
        return opened[key]

    yield open_
    for window in opened.values():
        if window.context is not owners_context:
            window.context.close()


@pytest.fixture
def open_window(windows: OpenWindow, program: Program) -> Iterator[OpenWindow]:
    """Return how to have a window for this test; at its end every tab is closed, and what went
    wrong unseen fails it.
    """
    program.forget_playground()
    used: list[Window] = []

    def open_(account: Account | None = OWNER, *, width: int = 1440, height: int = 900) -> Window:
        used.append(windows(account, width=width, height=height))
        return used[-1]

    yield open_
    for window in used:
        window.close()


@pytest.fixture
def window(open_window: OpenWindow) -> Window:
    """Open the owner's window."""
    return open_window()


@pytest.fixture(scope="session")
def window_to_walk(browser: Browser, program: Program) -> Iterator[Window]:
    """Open another window of the owner, for a walk through pages by tests that only look."""
    with browser.new_context(viewport=SIZE, **SEEN_AS) as context:
        window = Window(program.address, context)
        window.let_in(program.cookie(OWNER))
        yield window


@pytest.fixture
def walking(window_to_walk: Window, request: pytest.FixtureRequest) -> Iterator[Window]:
    """Go on with the walk; what went wrong unseen fails the test. After one that failed, another
    walk begins: a dialog may be open.
    """
    yield window_to_walk
    if request.node.stash.get(HAS_FAILED, False):
        window_to_walk.close()
    window_to_walk.check()
