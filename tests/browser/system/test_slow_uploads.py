"""While a file is on its way: a message is not sent without it, and no other file is imported."""

from playwright.sync_api import FilePayload, Route, expect

from tests.browser.console import Tab, Window

LINE = '{"conversations": [{"from": "human", "value": "%s"}, {"from": "gpt", "value": "Hi!"}]}\n'
SPINNER = "stFileChipIconSpinner"


def file(name: str, content: str) -> FilePayload:
    return FilePayload(name=name, mimeType="text/plain", buffer=content.encode())


def held_uploads(tab: Tab) -> list[Route]:
    """Hold files on their way to the program, until they are let on."""
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route) if route.request.method == "PUT" else route.continue_()

    tab.page.route("**/upload_file/**", hold)
    return held


def test_a_message_with_a_file_on_its_way_stays_with_a_word_and_outlives_a_reload(
    window: Window,
) -> None:
    # The field refuses it without a word, and its draft was erased as if sent
    tab = window.open()
    expect(tab.page.locator(".attune-estimate")).to_contain_text("tokens")
    held = held_uploads(tab)
    notes = tab.page.locator('[data-testid="stChatInput"] input[type="file"]')
    notes.set_input_files(file("notes.txt", "The code is 4711."))
    tab.wait_for(lambda: bool(held))
    tab.send("What is the code?")
    expect(tab.page.get_by_test_id("stToast")).to_contain_text("Wait until the file is uploaded")
    expect(tab.field).to_have_value("What is the code?")
    expect(tab.messages).to_have_count(0)
    tab.page.reload()
    expect(tab.field).to_have_value("What is the code?")
    tab.wait()
    notes.set_input_files(file("notes.txt", "The code is 4711."))
    tab.wait_for(lambda: len(held) == 2)
    held[1].continue_()
    expect(tab.page.get_by_test_id(SPINNER)).to_have_count(0)
    tab.field.press("Enter")
    expect(tab.last).to_contain_text("The code is 4711.")


def test_a_file_is_imported_once_it_is_there_and_not_the_one_before(window: Window) -> None:
    # Its name is shown before the file has arrived
    tab = window.open()
    held = held_uploads(tab)
    tab.press("Import sessions")
    dialog = tab.page.get_by_role("dialog", name="Import sessions")
    chosen, button = dialog.locator("input[type=file]"), dialog.get_by_role("button")
    submit = button.filter(has_text="Import sessions")
    chosen.set_input_files(file("first.jsonl", LINE % "First"))
    expect(dialog).to_contain_text("first.jsonl")
    expect(submit).to_be_disabled()
    tab.wait_for(lambda: bool(held))
    held[0].continue_()
    expect(submit).to_be_enabled()
    chosen.set_input_files(file("second.jsonl", LINE % "Second"))
    expect(dialog).to_contain_text("second.jsonl")
    expect(submit).to_be_disabled()
    tab.wait_for(lambda: len(held) == 2)
    held[1].continue_()
    submit.click()
    expect(tab.page.get_by_test_id("stToast")).to_contain_text("1 session imported")
    expect(tab.sessions.filter(has_text="Second")).to_have_count(1)
