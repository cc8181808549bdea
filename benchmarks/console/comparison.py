"""Answers that stream in columns, in a browser: from the vendor's token to the screen, and the CPU
of the web process for each column, with four of them and with one.

Each token is the millisecond in which the vendor sent it; the browser compares it with its own
clock in the frame in which the text has changed.
"""

import re
from typing import Any

import httpx2
from playwright.sync_api import Page, expect, sync_playwright

from benchmarks.load import Timings
from benchmarks.program import Running
from benchmarks.report import Figure
from tests.browser import chromium
from tests.browser.console import Tab, Window

COUNTS = (1, 4)
TOKENS, RATE = 500, 50
MODEL = f"vendor:answer?chunks={TOKENS}&ms={1000 / RATE:g}&stamped=1"
LIMIT_MS, LIMIT_CPU = 80, 1.5
PATIENCE_MS = 120_000
ROUNDS = 2  # of each count, in turn, so that both meet the same machine

# For every column, the delays of its tokens, each in the frame that shows it first
WATCH = r"""() => {
    const within = column => [column, ...column.querySelectorAll('*')]
        .map(each => each.shadowRoot?.querySelector('.live') ?? each.querySelector('.live'))
        .find(Boolean);
    window.delays = {};
    const look = () => {
        for (const column of document.querySelectorAll('[class*="st-key-column-"]')) {
            const live = within(column), key = column.className;
            const stamps = (live?.textContent.match(/\d{13}(?= )/g) ?? []).map(Number);
            const shown = window.delays[key] ??= [];
            for (const stamp of stamps.slice(shown.length)) shown.push(Date.now() - stamp);
        }
        requestAnimationFrame(look);
    };
    look();
}"""


def measure(program: Running) -> list[Figure]:
    """Return the delays of one and of four columns, and the ratio of their CPU by column."""
    delays: dict[int, list[float]] = {count: [] for count in COUNTS}
    used = dict.fromkeys(COUNTS, 0.0)
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
        for count in COUNTS * ROUNDS:
            found, cpu_s = _compare(program, window, count)
            delays[count] += found
            used[count] += cpu_s
        browser.close()
    each = {count: used[count] / count for count in COUNTS}
    ratio = each[COUNTS[1]] / each[COUNTS[0]]
    cpu = ", ".join(f"{count}: {each[count] / ROUNDS:.2f} s" for count in COUNTS)
    return [
        *(_delay(count, Timings(delays[count])) for count in COUNTS),
        Figure("CPU by column, four beside one", ratio, "x", LIMIT_CPU, note=cpu),
    ]


def _delay(count: int, timings: Timings) -> Figure:
    name = f"Token to screen, {count} x {RATE} tokens/s: p95"
    note = f"p50 {timings.percentile(50):,.0f}, of {len(timings.ms):,}"
    return Figure(name, timings.percentile(95), "ms", LIMIT_MS, note=note)


def _compare(program: Running, window: Window, count: int) -> tuple[list[float], float]:
    """Return the delays of all tokens in milliseconds, and the CPU seconds of the web process."""
    tab = window.open(_begun(program, count))
    page: Page = tab.page
    expect(page.locator("[class*='attune-connection']")).to_have_attribute(
        "data-state", "connected"
    )
    tab.wait()
    page.evaluate(WATCH)
    before = program.cpu_s()
    field = page.get_by_placeholder("Message all columns")
    field.fill("Go on")
    field.press("Enter")
    _wait_for_answers(tab, count)
    cpu_s = program.cpu_s() - before
    shown: dict[str, Any] = page.evaluate("window.delays")
    page.close()
    return [float(delay) for each in shown.values() for delay in each], cpu_s


def _begun(program: Running, count: int) -> str:
    """Begin a comparison, and return the address of its page."""
    columns = [{"model": MODEL}] * count
    address = f"{program.address}/api/v1/comparisons"
    body, headers = {"columns": columns}, program.headers
    answer = httpx2.post(address, json=body, headers=headers, trust_env=False, timeout=30)
    return f"/comparison?comparison={answer.raise_for_status().json()['id']}"


def _wait_for_answers(tab: Tab, count: int) -> None:
    figures = tab.page.get_by_text(re.compile(r"first token .* tokens"))
    expect(figures).to_have_count(count, timeout=PATIENCE_MS)
