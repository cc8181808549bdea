"""Datasets: a file is looked at and imported, a case is edited, and earlier versions stay."""

import json
from pathlib import Path

from playwright.sync_api import expect

from tests.browser.console import Window
from tests.browser.walks import walked

CONFIGURATION = """\
prompts: ['Answer briefly: {{question}}']
tests:
  - vars: {question: Where is my order?}
    assert:
      - {type: icontains, value: order number}
      - {type: javascript, value: output.length}
  - vars: {question: Why?}
"""


def test_a_file_is_imported_and_a_case_is_edited_in_a_new_version(
    walking: Window, tmp_path: Path
) -> None:
    path = tmp_path / "orders.yaml"
    path.write_text(CONFIGURATION)
    tab = walked(walking, "/datasets")
    tab.press("Import")
    dialog = tab.page.get_by_role("dialog")
    dialog.locator("input[type=file]").set_input_files(path)
    expect(dialog.get_by_text("promptfoo configuration")).to_be_visible()
    expect(dialog.get_by_text("Not imported")).to_be_visible()
    dialog.get_by_role("button", name="Import cases").click()
    expect(tab.page.get_by_role("heading", name="orders")).to_be_visible()
    expect(tab.page.get_by_text("2 cases · version 1")).to_be_visible()
    tab.wait()
    tab.page.get_by_test_id("stMain").get_by_placeholder("Words in messages").fill("order?")
    tab.page.keyboard.press("Enter")
    expect(tab.page.get_by_text("1 case · click a row")).to_be_visible()
    tab.open_row(1)
    expect(tab.drawer).to_contain_text("Test 1, assertion javascript")
    tab.press("Edit case")
    dialog = tab.page.get_by_role("dialog", name="Edit case")
    expect(dialog.get_by_label("Answer contains")).to_have_value("order number")
    dialog.get_by_label("Reference answer").fill("It is on its way.")
    dialog.get_by_role("button", name="Save as new version").click()
    expect(tab.page.get_by_text("2 cases · version 2")).to_be_visible()
    tab.page.get_by_text("Versions", exact=True).click()
    expect(tab.page.get_by_text("2 versions · click one")).to_be_visible()


def test_a_playground_answer_becomes_a_case_of_a_new_dataset(window: Window) -> None:
    tab = window.open("/playground")
    tab.ask("Where is my order?")
    tab.wait()
    tab.page.get_by_role("button", name="Add to dataset").last.click()
    dialog = tab.page.get_by_role("dialog", name="Add to dataset")
    dialog.wait_for()
    tab.choose("Dataset", "New dataset")
    dialog.get_by_role("button", name="Add case").click()
    expect(dialog).to_contain_text("Enter a name for the new dataset.")
    dialog.get_by_label("Name of the new dataset").fill("From the playground")
    dialog.get_by_role("button", name="Add case").click()
    expect(tab.page.get_by_text("Case added to From the playground")).to_be_visible()
    tab.follow("Datasets")
    expect(tab.page.get_by_test_id("stDataFrame").first).to_contain_text("From the playground")


def test_a_model_proposes_cases_and_those_that_are_chosen_are_added(walking: Window) -> None:
    tab = walked(walking, "/datasets?action=dataset")
    dialog = tab.page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("Refunds")
    dialog.get_by_role("button", name="Create dataset").click()

    tab.page.get_by_role("button", name="Add from").click()
    tab.page.get_by_role("menuitem", name="A model").click()
    dialog = tab.page.get_by_role("dialog", name="Ask a model for cases")
    expect(dialog).to_contain_text("Say what the cases are about")
    expect(tab.page.get_by_role("menuitem")).to_have_count(0)
    tab.choose("Model to ask", "fake:echo")
    cases = [
        {"question": f"Is [{word}] late?", "reference": "Yes.", "tags": [word]} for word in "ab"
    ]
    script = f"#fake {json.dumps({'json': {'cases': cases}})}"
    dialog.get_by_label("What the cases are about").fill(f"{script}\nRefunds")
    dialog.get_by_label("What the cases are about").press("Control+Enter")
    dialog.get_by_role("button", name="Propose cases").click()
    expect(dialog.get_by_role("button", name="Add 2 cases")).to_be_visible()
    dialog.locator("label").filter(has_text="Is [a] late?").click()
    dialog.get_by_role("button", name="Add 1 case").click()
    expect(tab.page.get_by_text("1 case · click a row")).to_be_visible()
    tab.open_row(1)
    expect(tab.drawer).to_contain_text("Is [b] late?")
    expect(tab.drawer).to_contain_text("Model")
