"""The console in a browser: one program with its own data folder, one Chromium, and new windows for
each test.

Every window records its requests and the errors of its pages; both are checked when it closes.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest
from playwright.sync_api import Browser, Playwright, ViewportSize, sync_playwright

from core.identity.schemas import Role
from core.platform.config import ROOT
from tests.browser.console import Account, Program, Window

OWNER = Account("owner@example.com", "correct horse battery", Role.SUPER_ADMIN)
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost",
)
PATIENCE_S = 60.0

OpenWindow = Callable[..., Window]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Try a failed test once more: when the machine is busy, a key can arrive while its page is
    drawn anew. The report lists what needed it (RERUN): see there for races that users may meet.
    """
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.flaky(reruns=1))


def chromium() -> str:
    """Return where a Chromium is."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    raise AssertionError(
        "The browser tests need a Chromium: apt install chromium, or playwright install chromium."
    )


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
def browser(playwright: Playwright) -> Iterator[Browser]:
    """Start the browser, from which no name but localhost can be reached."""
    started = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
    yield started
    started.close()


@pytest.fixture(scope="session")
def windows(browser: Browser, program: Program) -> Iterator[OpenWindow]:
    """Return how to have a window of somebody, or of nobody; one of each, so that pages come from
    its cache after the first.
    """
    opened: dict[tuple[object, ...], Window] = {}

    def open_(account: Account | None = OWNER, *, width: int = 1440, height: int = 900) -> Window:
        key = (account, width, height)
        if key not in opened:
            size: ViewportSize = {"width": width, "height": height}
            context = browser.new_context(
                viewport=size, reduced_motion="reduce", timezone_id="Europe/Berlin"
            )
            context.set_default_timeout(30_000)
            opened[key] = Window(program.address, context)
            if account is not None:
                opened[key].let_in(program.cookie(account))
        return opened[key]

    yield open_
    for window in opened.values():
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
