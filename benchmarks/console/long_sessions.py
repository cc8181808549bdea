"""A playground with thirty sessions, one of which has three hundred messages, in a browser: opening
it, typing, pasting, and typing beside a long answer with code that streams.

Typing is measured from the key until the frame after the next one begins, in which the letter is
on screen.
"""

from urllib.parse import parse_qs, urlsplit

import httpx2
from playwright.sync_api import Locator, Page, expect, sync_playwright

from benchmarks.load import Timings
from benchmarks.program import Running
from benchmarks.report import Figure
from tests.browser import chromium
from tests.browser.console import Tab, Window

SESSIONS, MESSAGES = 30, 300
PASTED = 200_000
KEYS = 60
# Twenty thousand tokens, with blocks of code, in half a minute
MODEL = "vendor:answer?chunks=20000&ms=1&block=400"
OPEN_MS, KEY_MS, PASTE_MS = 1000, 50, 200
PATIENCE_MS = 60_000
OPENINGS = 5

LONG, OTHER = "Session 27", "Session 25"  # among the first in the list
CODE = (
    "Here is how:\n\n```python\nfor order in orders:\n    print(order)\n```\n\nAnd **that** is all."
)

# The time from a click until the newest of a session's questions is on screen
OPENED = """words => { window.opened = new Promise(done => addEventListener('pointerdown', ev => {
    const begun = ev.timeStamp;
    const look = () => {
        const pane = document.querySelector('.st-key-pane-chat');
        if (pane?.textContent.includes(words)) done(performance.now() - begun);
        else requestAnimationFrame(look);
    };
    look();
}, { capture: true, once: true })); }"""
# The times from each key until its letter is on screen
TYPED = """() => { window.typed = []; addEventListener('keydown', event => {
    requestAnimationFrame(() => requestAnimationFrame(
        () => window.typed.push(performance.now() - event.timeStamp)));
}, { capture: true }); }"""
PASTE = """length => new Promise(resolve => {
    const begun = performance.now();
    const clipboardData = new DataTransfer();
    clipboardData.setData('text/plain', 'word '.repeat(length / 5));
    document.activeElement.dispatchEvent(
        new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }));
    requestAnimationFrame(() => requestAnimationFrame(() => resolve(performance.now() - begun)));
})"""
# How often a growing answer has lost text or a finished block, which one sees as flicker
FLICKER = """() => {
    const live = [...document.querySelectorAll('.st-key-chat-live, .st-key-chat-live *')]
        .map(each => each.shadowRoot?.querySelector('.live') ?? each.querySelector('.live'))
        .find(Boolean);
    window.flicker = 0;
    let length = 0;
    new MutationObserver(changes => {
        if (live.hidden) { length = 0; return; }
        const shown = live.textContent.length;
        if (shown < length - 10) window.flicker++;
        length = shown;
        const lost = changes.flatMap(each => [...each.removedNodes]).length;
        if (lost > 2) window.flicker++;
    }).observe(live, { childList: true, attributes: true });
}"""


def measure(program: Running) -> list[Figure]:
    """Return the times of a long session: opened, typed and pasted into, and beside a stream."""
    _fill(program)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium.find(), args=chromium.ARGUMENTS
        )
        context = browser.new_context(
            viewport={"width": 1440, "height": 900}, reduced_motion="reduce"
        )
        context.set_default_timeout(PATIENCE_MS)
        window = Window(program.address, context)
        window.let_in(program.cookie)
        tab = window.open()
        opened = Timings([_open(tab) for _ in range(OPENINGS)])
        typed = _typed(tab)
        pasted, after = _pasted(tab)
        beside, flicker = _beside_a_stream(program, tab)
        browser.close()
    return [
        Figure("First row of 300 messages: p95", opened.percentile(95), "ms", OPEN_MS),
        Figure("Typing beside 300 messages: p95", typed.percentile(95), "ms", KEY_MS),
        Figure(f"Pasting {PASTED:,} characters", pasted, "ms", PASTE_MS),
        Figure(f"Typing after {PASTED:,} characters: p95", after.percentile(95), "ms", KEY_MS),
        Figure("Typing beside 20,000 tokens: p95", beside.percentile(95), "ms", KEY_MS),
        Figure("Flicker of 20,000 tokens", flicker, "times", 0),
    ]


def _fill(program: Running) -> None:
    """Import the sessions."""
    address = f"{program.address}/api/v1/sessions/import"
    with httpx2.Client(headers=program.headers, trust_env=False, timeout=60) as client:
        for number in range(SESSIONS):
            name = f"Session {number}"
            count = MESSAGES if name == LONG else 2
            messages = [
                {"role": "user", "content": f"Question {place} of {name}"}
                if place % 2 == 0
                else {"role": "assistant", "content": CODE, "status": "completed"}
                for place in range(count)
            ]
            body = {"format": "attune-session", "details": {"name": name}, "messages": messages}
            client.post(address, json=body).raise_for_status()


def _open(tab: Tab) -> float:
    """Open the long session from the list, coming from another one."""
    _choose(tab, OTHER)
    tab.page.evaluate(OPENED, f"Question {MESSAGES - 2} of {LONG}")
    _choose(tab, LONG)
    found: float = tab.page.evaluate("window.opened")
    tab.wait()
    return found


def _choose(tab: Tab, name: str) -> None:
    tab.page.locator(".st-key-list-sessions").get_by_role("button", name=name).first.click()
    tab.wait()


def _typed(tab: Tab) -> Timings:
    page = tab.page
    page.evaluate(TYPED)
    return Timings(_keys(page))


def _keys(page: Page) -> list[float]:
    page.evaluate("window.typed.length = 0")
    _field(page).press_sequentially("x" * KEYS, delay=30)
    expect(_field(page)).to_have_value("x" * KEYS)
    # Playwright's own waiting evaluates a text, which the page's policy refuses
    while page.evaluate("window.typed.length") < KEYS:
        page.wait_for_timeout(10)
    found: list[float] = page.evaluate("window.typed")
    _field(page).fill("")
    return found


def _field(page: Page) -> Locator:
    return page.locator("[data-testid='stChatInput'] textarea")


def _pasted(tab: Tab) -> tuple[float, Timings]:
    """Return the time of pasting, and those of the keys that are typed after it."""
    page = tab.page
    _field(page).focus()
    found: float = page.evaluate(PASTE, PASTED)
    expect(page.get_by_test_id("stChatInput")).to_contain_text("pasted-text.txt")
    return found, Timings(_keys(page))


def _beside_a_stream(program: Running, tab: Tab) -> tuple[Timings, int]:
    """Type while an answer of 20,000 tokens grows; return the times and the flickers."""
    page = tab.page
    page.evaluate(FLICKER)
    [session_id] = parse_qs(urlsplit(page.url).query)["session"]
    body = {"message": "Go on", "session_id": session_id, "model": MODEL}
    address = f"{program.address}/api/v1/admin/playground/chat"
    answer = httpx2.post(address, json=body, headers=program.headers, trust_env=False, timeout=60)
    answer.raise_for_status()
    page.get_by_role("button", name="Stop").wait_for()
    found: list[float] = []
    while page.get_by_role("button", name="Stop").is_visible():
        found += _keys(page)
    return Timings(found), int(page.evaluate("window.flicker"))
