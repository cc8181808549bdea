"""Reviewing with a hundred thousand waiting items, where each save shows the next one.

Every item is an answer in a conversation of a different length; one reviewer annotates and saves
each by keyboard in a browser. The time is measured in the browser, from the key until the next
message has the focus.
"""

import httpx2
from playwright.sync_api import Page, sync_playwright
from sqlalchemy import text

from benchmarks.load import Timings
from benchmarks.program import EMAIL, PASSWORD, Running
from benchmarks.report import Figure
from core.database.db import Database, transaction
from core.identity.schemas import Role
from core.platform.config import config
from core.processes.startup import opened_databases
from tests.browser import chromium
from tests.browser.console import Account, Program, Tab, Window

WAITING, ANSWERS = 100_000, 10  # items, and how many of them are of one conversation
ANNOTATED = 20_000
SAVES, UNCOUNTED = 60, 3
LIMIT_MS, PATIENCE_MS = 500, 60_000

TALKS = text("""
insert into conversations (id, external_id, source, environment, app, release, message_count,
    models, created_at, last_message_at)
select md5('bench talk ' || n)::uuid, 'bench-talk-' || n, 'api', 'production', '', '', :messages,
    '{bench-model}',
    now() - interval '50 days', now() - interval '49 days' from generate_series(1, :talks) as n""")
MESSAGES = text("""
insert into messages (id, conversation_id, external_id, position, sequence, role, content, model,
    created_at)
select md5('bench message ' || n || ' ' || m)::uuid, md5('bench talk ' || n)::uuid,
    'bench-' || n || '-' || m, m, m,
    case when m % 2 = 0 then 'user' else 'assistant' end,
    'Message ' || m || ' of conversation ' || n || '. ' ||
        repeat('It says this and that of what was asked before. ', 6),
    case when m % 2 = 1 then 'bench-model' end,
        now() - interval '50 days' + (n * 20 + m) * interval '1 second'
from generate_series(1, :talks) as n, generate_series(0, :messages - 1) as m""")
ITEMS = text("""
insert into review_items (id, message_id, conversation_id, environment, model, message_role,
    message_at, reasons, priority)
select gen_random_uuid(), md5('bench message ' || n || ' ' || m)::uuid,
    md5('bench talk ' || n)::uuid, 'production',
    'bench-model', 'assistant', now() - interval '50 days' + (n * 20 + m) * interval '1 second',
        '{sample}', (n * 7 + m) % 10 * 10
from generate_series(1, :talks) as n, generate_series(1, :messages - 1, 2) as m""")
SAID = text("""
insert into ai_admin_annotations (id, message_id, conversation_id, admin_user_id, author_name,
    annotation_type, content, tags,
    environment, model, message_role, message_at)
select gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 'Rae',
    'correction', 'Not so',
    array['tone', 'tag ' || n % 300], 'production', 'bench-model', 'assistant',
        now() - interval '60 days'
from generate_series(1, :annotated) as n""")
FILLED = ((Database.CORE, (TALKS, MESSAGES)), (Database.AI, (ITEMS, SAID)))

# Begins to watch at the key; ends when another message is in focus, and the form holds another
# answer than the one before.
WATCH = """() => {
    const focus = () =>
        [...document.querySelectorAll('[class*="st-key-focus-"]')].at(-1)?.className;
    const answer = () => document.querySelector('.st-key-review-response textarea')?.value;
    const [inFocus, held] = [focus(), answer()];
    window.nextItem = new Promise(resolve => addEventListener('keydown', function pressed(event) {
        if (event.key !== 'Enter') return;
        removeEventListener('keydown', pressed, true);
        const begun = event.timeStamp;
        const look = () => {
            const isThere = focus() && focus() !== inFocus && answer() && answer() !== held;
            if (isThere) resolve(performance.now() - begun); else requestAnimationFrame(look);
        };
        look();
    }, true));
}"""


def measure(program: Running) -> list[Figure]:
    """Return the time from the saving key until the next item is on screen."""
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
        window.let_in(_reviewer(program))
        tab = window.open("/tuning?view=queue")
        timings = Timings(_saves(tab))
        browser.close()
    note = f"p50 {timings.percentile(50):,.0f}, of {len(timings.ms)}"
    return [
        Figure(
            f"Save to next, {WAITING:,} waiting: p95",
            timings.percentile(95),
            "ms",
            LIMIT_MS,
            note=note,
        )
    ]


def _reviewer(program: Running) -> str:
    """Return the session cookie of a reviewer."""
    owner = Account(EMAIL, PASSWORD, Role.SUPER_ADMIN)
    with httpx2.Client(base_url=f"{program.address}/api/v1", trust_env=False, timeout=30) as api:
        asked = Program(program.address, owner, api)
        return asked.cookie(asked.account(Role.REVIEWER, "Rae"))


def _fill(program: Running) -> None:
    """Create the waiting items with their messages and conversations, and earlier annotations."""
    given = {"talks": WAITING // ANSWERS, "messages": 2 * ANSWERS, "annotated": ANNOTATED}
    with opened_databases(config().model_copy(update={"data": program.data})):
        for database, statements in FILLED:
            with transaction(database) as session:
                for statement in statements:
                    session.execute(statement, given)
                session.execute(text("analyze"))


def _saves(tab: Tab) -> list[float]:
    tab.press("Start reviewing")
    tab.page.locator(".st-key-review-response textarea").wait_for()
    return [_save(tab, number) for number in range(SAVES + UNCOUNTED)][UNCOUNTED:]


def _save(tab: Tab, number: int) -> float:
    """Annotate the item on screen and save."""
    tab.wait()
    page: Page = tab.page
    page.keyboard.press("2")
    page.keyboard.press("e")
    page.keyboard.press("Control+End")
    page.keyboard.type(f" Better, {number}.")
    tab.wait()
    page.evaluate(WATCH)
    page.keyboard.press("Control+Enter")
    return float(page.evaluate("window.nextItem"))
