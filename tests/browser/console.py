"""Actions of a person in the console, and what the pages show."""

import json
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from secrets import token_hex
from typing import Any, Literal
from urllib.parse import urlsplit

import httpx2
from playwright.sync_api import (
    BrowserContext,
    ConsoleMessage,
    Error,
    Locator,
    Page,
    Request,
    TimeoutError,
    WebSocket,
    expect,
)

from core.identity.schemas import Role
from pages._ui import cache
from tests.browser.chat import Chat
from tests.browser.reruns import Kind, Runs

Theme = Literal["light", "dark"]
IDLE = (
    '[data-testid="stApp"][data-test-script-state="notRunning"]'
    '[data-test-connection-state="CONNECTED"]'
)
GO_WITHIN = """(path) => {
    history.pushState({}, "", path);
    dispatchEvent(new PopStateEvent("popstate"));
}"""
# Streamlit looks for its own routes below each page's address before it finds them at the root.
OWN_PROBES = re.compile(r"/[a-z-]+/_stcore/(health|host-config)$")
expect.set_options(timeout=30_000)


@dataclass(frozen=True)
class Account:
    """Somebody who can sign in."""

    email: str
    password: str
    role: Role
    id: str = ""


@dataclass
class Program:
    """The program under test, as its own API has it."""

    address: str
    owner: Account
    api: httpx2.Client
    _cookies: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Let the client act as the owner."""
        signed_in = self.api.post(
            "/admin/auth/login", json={"email": self.owner.email, "password": self.owner.password}
        )
        self.api.headers["Authorization"] = f"Bearer {signed_in.json()['access_token']}"

    def change_settings(self, **changes: object) -> None:
        """Change what the workspace shares."""
        self.api.put(
            "/admin/settings", json={**self.api.get("/admin/settings").json(), **changes}
        ).raise_for_status()

    def forget_playground(self) -> None:
        """Delete the owner's playground sessions."""
        for session in self.api.get("/admin/playground/sessions", params={"limit": 200}).json()[
            "sessions"
        ]:
            self.api.delete(
                f"/sessions/{session['session_id']}", params={"permanently": True}
            ).raise_for_status()

    def say(self, *messages: str) -> str:
        """Have things said and answered in a new session, and return its address."""
        session: dict[str, str] = {}
        for message in messages:
            sent = (
                self.api.post("/admin/playground/chat", json={"message": message, **session})
                .raise_for_status()
                .json()
            )
            session = {"session_id": sent["session_id"]}
            while self._is_answering(sent["job_id"]):
                time.sleep(0.01)
        return f"/playground?session={session['session_id']}"

    def _is_answering(self, job_id: str) -> bool:
        return bool(
            self.api.get(f"/prompts/{job_id}").raise_for_status().json()["status"] == "pending"
        )

    def account(self, role: Role, name: str) -> Account:
        """Return a new account that has set its password."""
        email = f"{name.lower()}-{token_hex(3)}@example.com"  # so that a test can be tried again
        given = {"email": email, "full_name": name, "role": role}
        invited = self.api.post("/admin/accounts", json=given).raise_for_status().json()
        made = Account(email, f"the password of {name}", role, invited["account"]["id"])
        form = {"password": made.password, "again": made.password}
        signed_in = httpx2.post(invited["link"], data=form, trust_env=False, timeout=30)
        assert signed_in.is_redirect, signed_in.text
        return made

    def accounts(self, roles: Iterable[Role], name: str) -> dict[Role, Account]:
        """Return a new account of each role."""
        return {
            role: self.account(role, f"{name}{role.replace('_', '')}")
            for role in dict.fromkeys(roles)
        }

    def send(self, name: str, sent: Mapping[str, Iterable[dict[str, Any]]]) -> None:
        """Send rows of each kind, as a program would: by a key of that name, with halves of
        surrogate pairs let through.
        """
        key = (
            self.api.post("/admin/api-keys", json={"name": name, "scopes": ["ingest"]})
            .raise_for_status()
            .json()["key"]
        )
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        with httpx2.Client(
            base_url=self.api.base_url, trust_env=False, timeout=60, headers=headers
        ) as sender:
            for kind, items in sent.items():
                sender.post(
                    f"/ingest/{kind}", content=json.dumps({"items": list(items)}).encode()
                ).raise_for_status()

    def show(self, name: str, sent: Mapping[str, Iterable[dict[str, Any]]]) -> None:
        """Send rows, and wait until no page shows what somebody has read before they came."""
        self.send(name, sent)
        time.sleep(cache.MAX_AGE_S)

    def cookie(self, account: Account) -> str:
        """Return the session cookie of an account that has signed in."""
        if account.email not in self._cookies:
            self._cookies[account.email] = self.new_cookie(account)
        return self._cookies[account.email]

    def new_cookie(self, account: Account) -> str:
        """Sign in once more."""
        form = {"email": account.email, "password": account.password}
        answer = httpx2.post(f"{self.address}/login", data=form, trust_env=False, timeout=30)
        assert answer.status_code == 303, answer.text
        return str(answer.cookies["attune"])


class Window:
    """A browser window of one account, with its tabs; it records requests and errors."""

    def __init__(self, address: str, context: BrowserContext) -> None:
        """Begin to listen."""
        self.address, self.context = address, context
        # Without its first page, a browser with a folder stops drawing
        self._first_pages = tuple(context.pages)
        self._walking: Tab | None = None
        self.asked: list[str] = []
        self.complaints: list[str] = []
        self.tolerates: tuple[str, ...] = ()
        context.on("request", self._note_request)
        context.on("console", self._note_complaint)
        context.on("page", self._listen)
        context.on("weberror", lambda error: self.complaints.append(str(error.error)))

    def open(self, path: str = "/playground", *, theme: Theme = "light") -> "Tab":
        """Open a tab at an address of the console, and wait until the page is drawn."""
        tab = Tab(self.context.new_page(), self.address)
        tab.page.emulate_media(color_scheme=theme)
        tab.go(path)
        return tab

    def walk(self, path: str, *, theme: Theme = "light") -> "Tab":
        """Open a tab at the first address of a walk, and go on in it."""
        if self._walking is None:
            self._walking = self.open(path, theme=theme)
        else:
            self._walking.visit(path)
        return self._walking

    def page(self, path: str) -> Page:
        """Open a tab at any address of ours."""
        page = self.context.new_page()
        page.goto(self.address + path)
        return page

    def let_in(self, cookie: str) -> None:
        """Be signed in with a session."""
        self.context.add_cookies([{"name": "attune", "value": cookie, "url": self.address}])

    def close(self) -> None:
        """Close every tab, and check what went on unseen."""
        for page in self.context.pages:
            if page not in self._first_pages:
                page.close()
        self._walking = None
        self.check()

    def check(self) -> None:
        """Nothing may have left the machine, and nothing may have gone wrong unseen."""
        elsewhere = {address for address in self.asked if not self._is_ours(address)}
        unexpected = [
            words
            for words in self.complaints
            if not any(known in words for known in self.tolerates)
        ]
        self.asked, self.complaints, self.tolerates = [], [], ()
        assert not elsewhere, elsewhere
        assert not unexpected, unexpected

    def _listen(self, page: Page) -> None:
        page.on("websocket", self._note_socket)

    def _note_request(self, request: Request) -> None:
        self.asked.append(request.url)

    def _note_socket(self, socket: WebSocket) -> None:
        self.asked.append(socket.url)

    def _note_complaint(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not OWN_PROBES.search(
            urlsplit(message.location["url"]).path
        ):
            self.complaints.append(f"{message.text} ({message.location['url']})")

    def _is_ours(self, address: str) -> bool:
        return urlsplit(address).netloc == urlsplit(self.address).netloc or address.startswith(
            ("data:", "blob:")
        )


class Tab(Chat):
    """One tab with the console."""

    def __init__(self, page: Page, address: str) -> None:
        """Act in `page`."""
        self.page, self.address = page, address
        self.runs = Runs(page)

    def go(self, path: str) -> None:
        """Go to an address and wait until its page is drawn."""
        self.page.goto(self.address + path)
        self.wait()

    def visit(self, path: str) -> None:
        """Go to another address as Back does, and wait until its page is drawn: scripts stay
        loaded, which takes a fifth of the time.
        """
        self.page.mouse.move(0, 0)  # over nothing that would say what it is
        with self.rerun():
            self.page.evaluate(GO_WITHIN, path)
        self.wait()

    def wait(self) -> None:
        """Wait until a page is drawn and nothing runs."""
        self.page.locator("h1").first.wait_for()
        self.page.locator(IDLE).wait_for()
        own_style = "getComputedStyle(document.documentElement).getPropertyValue('--attune-muted')"
        self.wait_for(lambda: self.page.evaluate(own_style))

    @contextmanager
    def rerun(self, kind: Kind = "page") -> Iterator[None]:
        """Wait until what is done meanwhile has run the page anew, or that part of it."""
        self.page.locator(IDLE).wait_for()
        before = self.runs.ended[kind]
        yield
        self.wait_for(lambda: self.runs.ended[kind] > before)
        self.page.locator(IDLE).wait_for()

    def button(self, name: str) -> Locator:
        """Return the button of a name (a shortcut may follow it) that can be seen."""
        escaped = re.escape(name).replace("/", r"\/")  # which would end the browser's pattern
        pattern = re.compile(rf"^{escaped}($| Shortcut)")
        return self.page.get_by_role("button", name=pattern).filter(visible=True)

    @property
    def drawer(self) -> Locator:
        """Return the drawer, or the dialog, that is open."""
        return self.page.get_by_role("dialog")

    def press(self, name: str) -> None:
        """Press a button; for a moment while a page is drawn anew, it stands there twice, or the
        tooltip of what has come to lie under the mouse covers it.
        """
        for _ in range(5):
            expect(self.button(name)).to_have_count(1)
            try:
                return self.button(name).click()
            except Error as error:
                if "intercepts pointer events" in error.message:
                    self.page.mouse.move(0, 0)
                elif "strict mode violation" not in error.message:
                    raise
        raise AssertionError(f"the button {name} takes no click")

    def select_row(self, row: int, *, x: int = 20) -> None:
        """Select a row of the first table, counted from 1: a table takes no click before it has
        settled.
        """
        table = self.page.get_by_test_id("stDataFrame").first
        selected = table.locator(f'tr[aria-rowindex="{row + 1}"][aria-selected="true"]')
        for _ in range(20):
            table.click(position={"x": x, "y": 34 * row + 17})
            with suppress(AssertionError):
                expect(selected).to_have_count(1, timeout=1000)
                return
        raise AssertionError(f"row {row} takes no click")

    def open_row(self, row: int) -> None:
        """Open a row of the first table, counted from 1."""
        table = self.page.get_by_test_id("stDataFrame").first
        opened = partial(expect(self.drawer).to_have_count, 1, timeout=5000)
        self.click_table(table, 60, 34 * row + 17, opened)

    def click_table(self, table: Locator, x: int, y: int, happened: Callable[[], None]) -> None:
        """Click a table until it is seen to have happened: it takes no click before it has settled,
        nor before it has noticed the pointer.
        """
        for _ in range(5):
            with suppress(TimeoutError):  # what opens late covers the table
                table.hover(position={"x": x, "y": y}, timeout=5000)
                self.page.wait_for_timeout(200)
                table.click(position={"x": x, "y": y}, timeout=5000)
            self.page.locator(IDLE).wait_for()
            with suppress(AssertionError):
                return happened()
        raise AssertionError("the table takes no click")

    def confirm(self, question: str, answer: str, *, toast: str | None = None) -> None:
        """Answer what a dialog asks, see what is said then, and wait until the dialog is gone."""
        dialog = self.page.get_by_role("dialog", name=question)
        dialog.get_by_role("button", name=answer, exact=True).click()
        if toast is not None:  # which goes after four seconds
            expect(self.page.get_by_test_id("stToast").filter(has_text=toast)).to_be_visible()
        dialog.wait_for(state="detached")

    def choose(self, field_name: str, option: str) -> None:
        """Choose from a list, by the words with which an entry begins."""
        self.page.locator(IDLE).wait_for()
        field = self.page.get_by_role("combobox", name=re.compile(field_name)).filter(visible=True)
        field.click()
        field.press_sequentially(option)
        self.page.get_by_role("option").filter(
            has_text=re.compile(rf"^{re.escape(option)}")
        ).first.click()
        self.page.locator(IDLE).wait_for()

    def write_prompt(self, words: str) -> None:
        """Change the system prompt and have it taken over."""
        self.prompt.fill(words)
        self.prompt.press("Control+Enter")
        self.page.locator(IDLE).wait_for()

    def follow(self, name: str) -> None:
        """Follow a link of the navigation."""
        self.page.get_by_test_id("stSidebar").get_by_role("link", name=name).click()
        expect(self.page.locator("h1")).to_have_text(name)
        self.wait()

    def wait_for(self, holds: Callable[[], Any], within_s: float = 30.0) -> None:
        """Wait until something holds."""
        for _ in range(int(within_s / 0.05)):
            if holds():
                return
            self.page.wait_for_timeout(50)
        raise AssertionError(f"did not come to hold within {within_s} s")
