"""A/B tests in a browser: started by the form, run by the worker, read, opened case by case."""

import json
import time
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import OpenWindow
from tests.browser.console import Program, Tab, Theme, Window
from tests.browser.walks import holds_together, main, opened, wide

PATIENCE_S = 60.0
PAGE = "/ab-tests"
JUDGE = "fake:constrained"
GOOD, BAD = "We refund it.", "I do not know."


def rubric(score: int) -> str:
    """Return a rubric by which the fake judge gives this score."""
    return f"#fake {json.dumps({'json': {'rationale': 'It is so.', 'score': score}})}\nRight?"


def script(text: str, **more: object) -> str:
    return f"#fake {json.dumps({'text': text, **more})}\n{{{{input}}}}"


@pytest.fixture(scope="module")
def prompt(program: Program) -> Iterator[dict[str, Any]]:
    """Return a prompt whose version 1 answers well, and 2 badly and slowly; remove the A/B tests
    with it.
    """
    new = {"name": "answers-refunds", "prompt": script(GOOD)}
    created = program.api.post("/templates", json=new).raise_for_status().json()
    path = f"/templates/{created['id']}"
    program.api.put(path, json={"prompt": script(BAD, delay_s=0.5)}).raise_for_status()
    yield created
    for found in program.api.get(PAGE).json()["items"]:
        program.api.delete(f"{PAGE}/{found['id']}").raise_for_status()
    program.api.delete(path).raise_for_status()


def field(tab: Tab, name: str) -> Locator:
    return tab.page.get_by_role("textbox", name=name, exact=True)


def fill(tab: Tab, name: str, text: str) -> None:
    field(tab, name).fill(text)
    field(tab, name).blur()
    tab.wait()


def started(window: Window, prompt: dict[str, Any], name: str, versions: str, score: int) -> Tab:
    """Fill the form with two versions of a prompt and twelve questions, and start."""
    tab = opened(window, PAGE)
    tab.press("New A/B test")
    expect(tab.page.get_by_role("heading", name="New A/B test")).to_be_visible()
    fill(tab, "Name", name)
    for variant, version in zip("AB", versions, strict=True):
        tab.choose(f"Model of variant {variant}", "fake:echo")
        tab.choose(f"Prompt or bot of variant {variant}", prompt["name"])
        tab.choose(f"Version of variant {variant}", version)
    questions = "\n".join(f"Question {number}? => refund" for number in range(12))
    fill(tab, "Questions", questions)
    tab.choose("Judge", JUDGE)
    fill(tab, "Rubric of quality", rubric(score))
    tab.press("Estimate")
    main(tab).to_contain_text("24 calls and 48 calls of judges")
    tab.press("Start A/B test")
    expect(tab.page.get_by_role("heading", name=name)).to_be_visible()
    main(tab).to_contain_text("Completed")
    main(tab).to_contain_text("Quality decides")
    return tab


def read(program: Program, name: str) -> dict[str, Any]:
    """Return the result of an A/B test."""
    found = program.api.get(PAGE).json()["items"]
    id_ = next(each["id"] for each in found if each["test_name"] == name)
    result: dict[str, Any] = program.api.get(f"{PAGE}/{id_}/result").json()
    return result | {"id": id_}


def test_a_test_is_started_by_the_form_and_names_a_winner_whose_answers_can_be_read(
    window: Window, program: Program, prompt: dict[str, Any]
) -> None:
    tab = started(window, prompt, "First is better", "12", 5)
    main(tab).to_contain_text("A wins")
    main(tab).to_contain_text("Use A, answers-refunds@1")
    main(tab).to_contain_text("A is faster by")
    tab.page.get_by_role("radio", name="Cases", exact=True).click()
    main(tab).to_contain_text("click to open")
    tab.wait()
    table = tab.page.get_by_test_id("stDataFrame").first
    opened_case = partial(expect(tab.button("All cases")).to_have_count, 1, timeout=5000)
    tab.click_table(table, 150, 51, opened_case)
    main(tab).to_contain_text(GOOD)
    main(tab).to_contain_text(BAD)
    tab.page.get_by_role("radio", name="Settings", exact=True).click()
    tab.wait()
    with tab.page.expect_download() as download:
        tab.page.get_by_role("link", name="Export CSV").click()
    lines = download.value.path().read_text().splitlines()
    assert lines[0].startswith("position,variant,name,run,")
    assert len(lines) == 25

    first = read(program, "First is better")
    assert (first["winner"], first["metrics"]["quality_scores"]) == ("A", {"A": 1, "B": 0.5})
    tab = started(window, prompt, "Second is better", "21", 3)
    main(tab).to_contain_text("B wins")
    second = read(program, "Second is better")
    assert (second["winner"], second["metrics"]["quality_scores"]) == ("B", {"A": 0.25, "B": 0.75})
    times = [each["metrics"]["average_response_time"] for each in (first, second)]
    assert times[0]["A"] + 150 < times[0]["B"]
    assert times[1]["B"] + 150 < times[1]["A"]


@pytest.fixture(scope="module")
def ab_test(program: Program, prompt: dict[str, Any]) -> str:
    """Return the ID of an A/B test that has been run."""
    target = {"template_id": prompt["id"], "model_id": "fake:echo"}
    new = {
        "test_name": "Refund questions",
        "variants": [target | {"version": version} for version in (1, 2)],
        "test_cases": [{"input": f"Question {number}?"} for number in range(12)],
        "judge_model_id": JUDGE,
    }
    created = program.api.post(PAGE, json=new).raise_for_status().json()
    path = f"{PAGE}/{created['id']}"
    program.api.post(f"{path}/run").raise_for_status()
    ends_at = time.monotonic() + PATIENCE_S
    while program.api.get(path).json()["is_running"]:
        assert time.monotonic() < ends_at, "the worker has not run it"
        time.sleep(0.2)
    return str(created["id"])


def has_charts(page: Page) -> None:
    expect(page.locator(".js-plotly-plot")).to_have_count(4)


@pytest.mark.parametrize(("theme", "width"), [("light", 1440), ("dark", 390)])
def test_ab_tests_hold_together(
    open_window: OpenWindow, program: Program, ab_test: str, theme: Theme, width: int
) -> None:
    window = wide(open_window, program.owner, width)
    holds_together(window, f"{PAGE}?test={ab_test}", theme, has_charts)
    holds_together(window, f"{PAGE}?new=1", theme)
    holds_together(window, PAGE, theme)
