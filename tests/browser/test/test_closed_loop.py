"""From a thumbs-down to the effect of the promotion that answers it, as one admin walks it."""

import re
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from playwright.sync_api import expect

from core.platform.ids import new_id
from tests.browser.console import Program, Tab, Window
from tests.browser.reviewing import at
from tests.browser.walks import main

QUESTION, BAD, BETTER = "Can I get my money back?", "I do not know.", "Yes, within 30 days."
PROMPT_V1, PROMPT_V2 = "Be kind.", "Name the period: 30 days."  # the fake repeats its prompt


@pytest.fixture
def name(program: Program) -> Iterator[str]:
    """Return the name of the prompt, its user and its dataset; afterwards they are gone."""
    unique = f"loop-{new_id().hex[-8:]}"
    yield unique
    for path, key in (("evaluation", "name"), ("datasets", "name"), ("templates", "name")):
        for each in program.api.get(f"/{path}", params={"limit": 200}).json()["items"]:
            if unique in each[key]:
                program.api.delete(f"/{path}/{each['id']}").raise_for_status()


def answered(
    name: str, version: int, minutes: float, answer: str, rating: int
) -> dict[str, list[dict[str, Any]]]:
    """Return rows of an answer by a version of the prompt, and what its user thought of it."""
    conversation, prompt = f"{name}-{version}", {"name": name, "version": str(version)}
    asked = {"id": f"{name}-q{version}", "role": "user", "content": QUESTION}
    said = {"id": f"{name}-a{version}", "role": "assistant", "content": answer, "prompt": prompt}
    times = ({"created_at": at(minutes)}, {"created_at": at(minutes - 1)})
    messages = [asked | times[0], said | times[1]]
    about = {"conversation_id": conversation, "message_id": said["id"]} | times[1]
    return {
        "conversations": [{"id": conversation, "user_id": name, "messages": messages}],
        "feedback": [{"id": f"{name}-f{version}", "rating": rating, **about}],
        "ai-requests": [
            {
                "id": f"{name}-r{version}",
                "provider": "openai",
                "model": "loop-model",
                "status": "ok",
                "total_latency_ms": 900,
                "prompt": prompt,
                **about,
            }
        ],
    }


def chain(tab: Tab, kind: str) -> Any:  # noqa: ANN401  a locator's assertions
    return expect(tab.page.locator(f'[class*="st-key-chain-{kind}-"]').filter(visible=True))


def follow(tab: Tab, kind: str, link: str) -> None:
    """Follow a link of an object's chain."""
    line = tab.page.locator(f'[class*="st-key-chain-{kind}-"]').filter(visible=True)
    line.get_by_role("link", name=re.compile(re.escape(link))).click()
    tab.wait()


def toast(tab: Tab) -> Any:  # noqa: ANN401  a locator's assertions
    return expect(tab.page.get_by_test_id("stToast").last)


def set_gate(program: Program, labels: str, dataset: str) -> None:
    """Share the dataset, and give production a gate on it."""
    found = program.api.get("/datasets", params={"mine": True}).json()["items"]
    id_ = next(each["id"] for each in found if each["name"] == dataset)
    program.api.put(f"/datasets/{id_}", json={"visibility": "shared"}).raise_for_status()
    scorers = [{"kind": "contains", "values": ["30 days"]}]
    gate = {"dataset_id": id_, "least_rate": 1, "scorers": scorers}
    program.api.put(f"{labels}/production/gate", json=gate).raise_for_status()


def fill(tab: Tab, field: str, words: str) -> None:
    box = tab.page.get_by_role("textbox", name=field, exact=True)
    box.fill(words)
    box.blur()
    tab.wait()


def run(tab: Tab, rate: str) -> None:
    """Start the evaluation of the form, and wait until the worker has run it."""
    tab.press("Start evaluation")
    main(tab).to_contain_text("Completed")
    chain(tab, "evaluation").to_contain_text(f"evaluation {rate}")


def open_case(tab: Tab) -> None:
    """Open the first case of the evaluation's list."""
    tab.page.get_by_role("radio", name="Cases", exact=True).click()
    main(tab).to_contain_text("click to open")
    tab.wait()
    table = tab.page.get_by_test_id("stDataFrame").first
    opened = partial(expect(tab.button("All cases")).to_have_count, 1, timeout=5000)
    tab.click_table(table, 160, 51, opened)


def is_listed(tab: Tab) -> bool:
    """Whether the list has a row; until then, look again."""
    if tab.page.get_by_test_id("stDataFrame").count():
        return True
    tab.page.reload()
    tab.wait()
    return False


def annotate(tab: Tab) -> None:
    """Correct the disliked answer of the conversation in the list, once the worker has noted that
    it is disliked.
    """
    tab.wait_for(lambda: is_listed(tab), within_s=60)
    tab.open_row(1)
    tab.drawer.get_by_role("button", name="Annotate").click()
    response = tab.page.get_by_role("textbox", name="Suggested response")
    response.fill(BETTER)
    response.blur()
    tab.wait()
    tab.drawer.get_by_role("button", name="Save annotation").click()
    toast(tab).to_contain_text("Annotation saved")


def make_a_case(tab: Tab, dataset: str) -> None:
    """Make a case of the newest annotation, in a new dataset."""
    tab.go("/tuning?view=annotations&author=me")
    tab.open_row(1)
    tab.press("Mark as reviewed")
    tab.press("Add to dataset")
    dialog = tab.page.get_by_role("dialog", name="Add to dataset")
    tab.choose("Dataset", "New dataset")
    dialog.get_by_label("Name of the new dataset").fill(dataset)
    dialog.get_by_role("button", name="Add case").click()
    toast(tab).to_contain_text(f"Case added to {dataset}")
    tab.page.get_by_role("link", name="Open dataset").click(trial=True)


def evaluate(tab: Tab, dataset: str, prompt: str) -> None:
    """Go from the annotation to its case, and measure the version in production, which fails."""
    tab.open_row(1)
    follow(tab, "annotation", f"case 1 of {dataset}")
    # The drawer of the annotation has the same words
    expect(tab.page.get_by_role("heading", name=dataset)).to_be_visible()
    expect(tab.drawer).to_contain_text(BETTER)
    tab.wait()
    tab.drawer.get_by_role("button", name="Close").click()
    expect(tab.drawer).to_have_count(0)
    tab.press("Evaluate")
    tab.choose("Prompt or bot of target 1", prompt)
    tab.press("Add scorer")
    fill(tab, "Text that the answer contains", "30 days")
    run(tab, "0% of 1")


def try_and_rewrite(tab: Tab, prompt: str) -> None:
    """Go from the failing case to the playground, and from there to a new version."""
    open_case(tab)
    chain(tab, "case").to_contain_text(f"{prompt} v1")
    tab.press("Open in Playground")
    original = tab.page.locator(".st-key-pane-replay")
    expect(original).to_contain_text(BETTER)
    expect(original).to_contain_text(f"(prompt: {PROMPT_V1})")
    expect(tab.page.locator(".st-key-pane-chat")).to_contain_text(f"(prompt: {PROMPT_V1})")
    original.get_by_role("button", name=f"New version of {prompt}").click()
    expect(tab.page.get_by_role("heading", name=prompt)).to_be_visible()
    fill(tab, "System prompt", PROMPT_V2)
    tab.choose("Fixes annotations", f"{prompt}@1")
    tab.page.keyboard.press("Escape")  # its list stays open for another one
    tab.press("Save as version 2")
    toast(tab).to_contain_text("Saved as version 2, 1 annotation marked applied")


def promote(tab: Tab, dataset: str, prompt: str) -> None:
    """Run the evaluation that the gate asks for, and move the label through it."""
    tab.page.get_by_role("radio", name="Versions", exact=True).click()
    tab.wait()
    tab.press("Promote")
    expect(tab.drawer).to_contain_text(f"Version 2 has not been evaluated on {dataset}")
    tab.drawer.get_by_role("link", name="Run the evaluation").click()
    tab.wait()
    run(tab, "100% of 1")
    follow(tab, "evaluation", f"{prompt} v2")
    chain(tab, "version").to_contain_text("annotation of")
    tab.press("Promote")
    expect(tab.drawer).to_contain_text("100.0% of 1 (no interval) passed")
    tab.press("Move label")
    toast(tab).to_contain_text("production points at version 2")


def test_a_thumbs_down_leads_to_a_better_version_and_its_effect(
    window: Window, program: Program, name: str
) -> None:
    dataset = f"{name} cases"
    new = {"name": name, "visibility": "public", "prompt": "", "system_prompt": PROMPT_V1}
    prompt = program.api.post("/templates", json=new).raise_for_status().json()["id"]
    labels = f"/templates/{prompt}/labels"
    program.api.post(labels, json={"name": "production", "version": 1}).raise_for_status()
    program.send(name, answered(name, 1, 20, BAD, -1))
    tab = window.open(f"/tuning?view=conversations&rating=negative&user_id={name}")
    annotate(tab)
    make_a_case(tab, dataset)
    evaluate(tab, dataset, name)
    try_and_rewrite(tab, name)
    set_gate(program, labels, dataset)
    promote(tab, dataset, name)

    program.send(f"{name}-2", answered(name, 2, 0, BETTER, 1))
    chain(tab, "version").to_contain_text("production since")
    follow(tab, "version", "effect")
    expect(tab.page).to_have_url(re.compile(rf"/ai-metrics\?.*prompt_version={name}"))
    main(tab).to_contain_text("Before and after the promotion")
    rows = tab.page.get_by_test_id("stDataFrame").first
    for words in (f"{name}@1", f"{name}@2", "0 of 1", "1 of 1"):
        expect(rows).to_contain_text(words)
    chain(tab, "effect").to_contain_text("annotation of")
