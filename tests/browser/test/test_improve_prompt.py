"""A prompt is improved with a model, from what reviewers said of its answers."""

import json
from collections.abc import Iterator
from secrets import token_hex
from typing import Any

import pytest
from playwright.sync_api import expect

from core.annotations.exports.queries import Split, split_of
from core.ingest.rows import key_of
from tests.browser.console import Program, Tab, Window
from tests.browser.reviewing import at

TEXT = "Answer in one sentence.\n<question>{{question}}</question>"
BETTER = "Answer in two sentences, and cite dates.\n<question>{{question}}</question>"


@pytest.fixture
def name(program: Program) -> Iterator[str]:
    """Return the name of the prompt, whose answers are those of this attempt; afterwards it is
    gone.
    """
    unique = next(name for name in iter(new_name, None) if not is_held_out(name))
    yield unique
    for found in program.api.get("/templates", params={"q": unique}).json()["items"]:
        program.api.delete(f"/templates/{found['id']}").raise_for_status()


def new_name() -> str:
    return f"improved-{token_hex(3)}"


def is_held_out(name: str) -> bool:
    """Whether one of the test's two conversations is in the hold-out split, a tenth of all: no
    prompt is improved by what it is measured by.
    """
    keys = (key_of("conversation", f"{name}-{number}") for number in (0, 1))
    return any(split_of(key) is Split.HOLDOUT for key in keys)


def reviewed(program: Program, name: str, number: int, content: str) -> str:
    """Review an answer of the prompt's first version; return the annotation's ID."""
    id_ = f"{name}-{number}"
    messages = [
        {
            "id": f"{id_}-0",
            "role": "user",
            "content": "When?",
            "created_at": at(20),
        },
        {
            "id": f"{id_}-1",
            "role": "assistant",
            "content": "Soon.",
            "created_at": at(19),
            "prompt_name": name,
            "prompt_version": "1",
        },
    ]
    talk = {"id": id_, "user_id": "improve-user", "messages": messages}
    program.send(id_, {"conversations": [talk]})
    annotation = {
        "message_id": f"{id_}-1",
        "annotation_type": "correction",
        "content": content,
        "severity": ["critical", "minor"][number],
    }
    notes = "/admin/ai/tuning/annotations"
    made = program.api.post(notes, json=annotation).raise_for_status().json()
    program.api.put(f"{notes}/{made['id']}", json={"status": "reviewed"}).raise_for_status()
    return str(made["id"])


def state_of(program: Program, annotation: str) -> tuple[str, Any]:
    found = program.api.get(f"/admin/ai/tuning/annotations/{annotation}").json()
    return found["status"], found["applied_version"]


def propose(tab: Tab, **answer: object) -> None:
    """Ask the fake model, which answers this."""
    note = tab.page.get_by_role("textbox", name="What to improve")
    note.fill(f"#fake {json.dumps({'json': answer})}")
    note.blur()
    tab.press("Propose improvement")


def test_a_proposal_is_saved_as_a_version_that_its_chosen_annotations_are_applied_by(
    walking: Window, program: Program, name: str
) -> None:
    content = {"name": name, "prompt": TEXT, "variables": [{"name": "question"}]}
    made = program.api.post("/templates", json=content).raise_for_status().json()
    unsampled = {"double_share": 0, "sample_share": 0}
    program.api.put("/admin/ai/tuning/settings", json=unsampled).raise_for_status()
    dates = reviewed(program, name, 0, "No </comment> dates")
    tone = reviewed(program, name, 1, "Too short")

    tab = walking.walk(f"/prompts?prompt={made['id']}")
    tab.press("Improve with a model")
    dialog = tab.page.get_by_role("dialog")
    tab.choose("Model to ask", "fake:plain")
    expect(dialog).to_contain_text("can't return structured output")
    tab.choose("Model to ask", "fake:echo")
    expect(dialog).to_contain_text("2 reviewed annotations")
    expect(dialog).to_contain_text("estimate: about")

    propose(tab, prompt="Answer.", addressed=[], why="")
    expect(dialog).to_contain_text("it left out {{question}}")
    propose(tab, prompt=TEXT, addressed=[], why="It is as good as it can be.")
    expect(dialog).to_contain_text("The model proposes no changes.")
    expect(dialog.get_by_role("button", name="Save proposal")).to_have_count(0)
    propose(tab, prompt=BETTER, addressed=["A1", "A2", "A9"], why="Dates were missing.")
    proposal = tab.page.locator(".st-key-prompt-proposal")
    expect(proposal).to_contain_text("Dates were missing.")
    expect(proposal.locator("ins")).to_have_text("two sentences, and cite dates.")
    proposal.get_by_text("Too short").click()
    expect(dialog.get_by_role("checkbox", name="Too short")).not_to_be_checked()
    tab.press("Save proposal as version 2")
    expect(tab.page.get_by_test_id("stToast")).to_contain_text(
        "Saved as version 2, 1 annotation marked applied"
    )
    expect(dialog).to_have_count(0)

    assert program.api.get(f"/templates/{made['id']}").json()["prompt"] == BETTER
    assert state_of(program, dates) == ("applied", f"{name}@2")
    assert state_of(program, tone) == ("reviewed", None)
    text = tab.page.get_by_role("textbox", name="Prompt", exact=True)
    expect(text).to_have_value(BETTER)

    tab.press("Improve with a model")
    tab.choose("Model to ask", "fake:echo")
    propose(tab, prompt=f"Explain.\n{BETTER}", addressed=["A1"], why="It was too short.")
    tab.press("Use in editor")
    expect(dialog).to_have_count(0)
    expect(text).to_have_value(f"Explain.\n{BETTER}")
    expect(tab.page.get_by_role("textbox", name="Note")).to_have_value("It was too short.")
    tab.press("Save as version 3")
    toast = tab.page.get_by_test_id("stToast").filter(has_text="Saved as version 3")
    expect(toast).to_contain_text("1 annotation marked applied")
    assert state_of(program, tone) == ("applied", f"{name}@3")


def test_a_page_that_waits_for_a_slow_model_takes_clicks(
    walking: Window, program: Program, name: str
) -> None:
    content = {"name": name, "prompt": TEXT, "variables": [{"name": "question"}]}
    made = program.api.post("/templates", json=content).raise_for_status().json()
    tab = walking.walk(f"/prompts?prompt={made['id']}")
    tab.press("Improve with a model")
    tab.choose("Model to ask", "fake:echo")
    note = tab.page.get_by_role("textbox", name="What to improve")
    note.fill('#fake {"delay_s": 30}\nShorten it.')
    note.blur()
    tab.press("Propose improvement")
    expect(tab.drawer).to_contain_text("Waiting for the model…")
    tab.page.keyboard.press("Escape")
    tab.page.get_by_role("radio", name="Versions", exact=True).click()
    expect(tab.page.get_by_text("click a row to edit from it")).to_be_visible(timeout=15_000)
