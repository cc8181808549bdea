"""A service in Settings and the playground: registered, asked, pending, and answered live."""

import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from core.identity.schemas import Role
from tests.browser.conftest import OpenWindow
from tests.browser.console import Program, Tab, Window
from tests.chat_service import TOKEN
from tests.factories.services import ChatService, chat_service

WAITING = '{"callbacks": 0}\nWhere is my order?'
ANSWER = "It arrives on **Monday**."
SHOWN = "It arrives on Monday."
# The live answer is behind a shadow root, which the body's text leaves out.
SEEN_AT = """live => {
  const look = () => {
    const said = live.textContent + document.body.innerText;
    if (!window.seenAt && said.includes("It arrives on Monday.")) window.seenAt = Date.now();
  };
  for (const place of [live, document.body])
    new MutationObserver(look).observe(place, {childList: true, subtree: true});
}"""


@pytest.fixture(scope="module")
def service() -> Iterator[ChatService]:
    with chat_service() as started:
        yield started


@pytest.fixture(autouse=True)
def without_services(program: Program) -> Iterator[None]:
    yield
    for each in program.api.get("/admin/services").json()["items"]:
        program.api.delete(f"/admin/services/{each['id']}").raise_for_status()


def register(program: Program, service: ChatService) -> None:
    given = {"name": "Order bot", "chat_url": service.url, "token": TOKEN, "is_active": True}
    added = program.api.post("/admin/services", json=given).raise_for_status().json()
    service.tell_secret(added["callback_secret"])


def job(tab: Tab, service: ChatService) -> str:
    """Return the job of the open session once the service has it."""
    session_id = tab.page.url.partition("session=")[2][:36]
    found: list[str] = []

    def has_arrived() -> bool:
        jobs = service.taken()["jobs"]
        own = (each for each in jobs if each["callback_params"].get("session_id") == session_id)
        found.extend(each["job_id"] for each in own)
        return bool(found)

    tab.wait_for(has_arrived)
    return found[-1]


def test_a_service_is_registered_asked_and_answers_on_the_open_page(
    window: Window, service: ChatService
) -> None:
    tab = window.open("/settings?section=Services")
    expect(tab.page.get_by_text("No services yet")).to_be_visible()
    tab.press("Add service")
    dialog = tab.page.get_by_role("dialog", name="Add service")
    dialog.get_by_role("textbox", name="Name").fill("Order bot")
    dialog.get_by_role("textbox", name="Chat address").fill(service.url)
    dialog.get_by_role("textbox", name="Token").fill(TOKEN)
    dialog.get_by_role("button", name="Add service").click()
    secret = tab.page.get_by_text("whsec_")
    expect(secret).to_be_visible()
    service.tell_secret(secret.inner_text())
    expect(tab.page.get_by_text("Working")).to_be_visible()
    tab.press("Done")
    expect(secret).to_have_count(0)
    tab.follow("Playground")
    expect(tab.settings.get_by_text("Order bot").first).to_be_visible()
    tab.send(WAITING)
    expect(tab.button("Stop")).to_be_visible()
    assert service.answer(job(tab, service), answer=ANSWER) == 200
    expect(tab.last).to_contain_text(SHOWN)
    expect(tab.last).to_contain_text("Order bot")


def test_the_open_page_and_a_second_tab_show_the_answer_with_its_callback(
    window: Window, program: Program, service: ChatService, capsys: pytest.CaptureFixture[str]
) -> None:
    register(program, service)
    first = window.open()
    first.send(WAITING)
    expect(first.button("Stop")).to_be_visible()
    second = window.open(first.page.url.removeprefix(program.address))
    expect(second.button("Stop")).to_be_visible()
    job_id, tabs = job(first, service), (first, second)
    for tab in tabs:
        tab.live.evaluate(SEEN_AT)
    called_at = time.time() * 1000
    service.answer(job_id, answer=ANSWER)
    for tab in tabs:
        expect(tab.last).to_contain_text(SHOWN)
    waits = [round(tab.page.evaluate("window.seenAt") - called_at) for tab in tabs]
    with capsys.disabled():
        print(f"\n  from callback to screen: {waits} ms", end="")  # noqa: T201  a figure to quote


def test_a_stopped_answer_stays_stopped_when_its_callback_comes(
    window: Window, program: Program, service: ChatService
) -> None:
    register(program, service)
    tab = window.open()
    tab.send(WAITING)
    job_id = job(tab, service)
    tab.press("Stop")
    expect(tab.last).to_contain_text("Stopped")
    service.answer(job_id, answer=ANSWER)
    tab.page.reload()
    tab.wait()
    expect(tab.last).to_contain_text("Stopped")
    expect(tab.page.get_by_text(SHOWN)).to_have_count(0)


def test_another_admin_sees_no_session_and_deleting_takes_the_answer_away(
    open_window: OpenWindow, program: Program, service: ChatService
) -> None:
    register(program, service)
    mine = open_window().open()
    mine.send(WAITING)
    service.answer(job(mine, service), answer=ANSWER)
    expect(mine.last).to_contain_text(SHOWN)
    path = mine.page.url.removeprefix(program.address)
    other = open_window(program.account(Role.ADMIN, "Otheradmin")).open(path)
    expect(other.page.get_by_text("No messages yet")).to_be_visible()
    assert other.page.get_by_text(SHOWN).count() == 0
    mine.press("Delete session")
    mine.confirm("Delete session?", "Delete session")
    expect(mine.page.get_by_text(SHOWN)).to_have_count(0)


def test_the_list_of_models_begins_with_the_active_service_and_the_page_says_when_there_is_none(
    window: Window, program: Program, service: ChatService
) -> None:
    tab = window.open()
    expect(tab.settings.get_by_text("No active service: the model below answers.")).to_be_visible()
    register(program, service)
    tab.page.reload()
    tab.wait()
    expect(tab.settings.get_by_text("Untested")).to_be_visible()
    tab.page.get_by_role("combobox", name="Model").filter(visible=True).click()
    expect(tab.page.get_by_role("option").first).to_have_text("Order bot  ·  active service")
    tab.page.keyboard.press("Escape")
    tab.choose("Model", "echo")
    tab.ask("hello")
    expect(tab.last).to_contain_text("Fake answer: hello")
