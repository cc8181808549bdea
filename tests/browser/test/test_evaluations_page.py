"""Evaluations in a browser: started by the form, run by the worker, read, compared, deleted."""

import json
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenWindow
from tests.browser.console import Program, Theme, Window
from tests.browser.walks import holds_together, main, opened, wide

PATIENCE_S = 60.0
PAGE = "/evaluations"


def answer(text: str) -> str:
    return f"#fake {json.dumps({'text': text})}\nquestion"


@pytest.fixture(scope="module")
def evaluation(program: Program) -> Iterator[str]:
    """Return the ID of an evaluation that has been run; afterwards there is none."""
    cases = [
        {
            "input": answer("We refund it." if number % 3 else "I do not know."),
            "expected_output": {"type": "contains", "keywords": ["refund"]},
            "tags": ["orders"],
        }
        for number in range(12)
    ]
    targets = [{"model_id": "fake:echo"}, {"model_id": "fake:plain"}]
    new = {"name": "Refund questions", "targets": targets, "test_cases": cases, "runs": 2}
    sent = program.api.post("/evaluation/probabilistic", json=new)
    sent.raise_for_status()
    id_: str = sent.json()["id"]
    ends_at = time.monotonic() + PATIENCE_S
    while program.api.get(f"/evaluation/{id_}").json()["status"] != "completed":
        assert time.monotonic() < ends_at, "the worker has not run it"
        time.sleep(0.2)
    yield id_
    for found in program.api.get("/evaluation").json()["items"]:
        program.api.delete(f"/evaluation/{found['id']}")


def has_charts(page: Page) -> None:
    expect(page.locator(".js-plotly-plot")).to_have_count(3)


@pytest.mark.parametrize(("theme", "width"), [("light", 1440), ("dark", 390)])
def test_evaluations_hold_together(
    open_window: OpenWindow, program: Program, evaluation: str, theme: Theme, width: int
) -> None:
    window = wide(open_window, program.owner, width)
    holds_together(window, f"{PAGE}?evaluation={evaluation}", theme, has_charts)
    holds_together(window, f"{PAGE}?new=1", theme)
    holds_together(window, PAGE, theme)


def test_an_evaluation_is_started_by_the_form_and_read_by_section(
    window: Window, evaluation: str
) -> None:
    tab = opened(window, PAGE)
    tab.press("New evaluation")
    name = tab.page.get_by_role("textbox", name="Name", exact=True)
    name.fill("Started by hand")
    name.blur()
    tab.wait()
    tab.choose("Model of target 1", "fake:echo")
    questions = tab.page.get_by_role("textbox", name="Questions")
    questions.fill("Can I get a refund? => refund\nWhere is it? => nowhere")
    questions.blur()
    tab.wait()
    tab.press("Start evaluation")
    expect(tab.page.get_by_role("heading", name="Started by hand")).to_be_visible()
    main(tab).to_contain_text("Completed")
    main(tab).to_contain_text("2 cases")
    tab.page.get_by_role("radio", name="Cases", exact=True).click()
    tab.wait()
    main(tab).to_contain_text("2 cases, the worst first")
    tab.page.get_by_role("radio", name="Settings", exact=True).click()
    tab.wait()
    with tab.page.expect_download() as download:
        tab.page.get_by_role("link", name="CSV").click()
    assert download.value.path().read_text().startswith("position,target,run,")


def test_targets_are_compared_in_words(window: Window, evaluation: str) -> None:
    tab = opened(window, f"{PAGE}?evaluation={evaluation}")
    tab.page.get_by_role("radio", name="Comparison", exact=True).click()
    tab.wait()
    main(tab).to_contain_text("12 cases in common")
    main(tab).to_contain_text("No difference shown")


def test_an_evaluation_of_an_own_app_goes_on_as_its_answers_come(
    window: Window, program: Program, evaluation: str
) -> None:
    new = {
        "name": "Own app",
        "target": {"app": "shop-bot", "release": "1.4"},
        "test_cases": [{"input": "refund?"}, {"input": "order?"}],
        "scorers": [{"kind": "contains", "values": ["refund"]}],
    }
    id_ = program.api.post("/evaluation/probabilistic", json=new).raise_for_status().json()["id"]
    tab = opened(window, f"{PAGE}?evaluation={id_}")
    main(tab).to_contain_text("0 of 2 results · 2 waiting for your app")
    work = program.api.get(f"/evaluation/{id_}/work").json()["items"]
    for item in work:
        answers = [{"id": item["id"], "text": "We refund it.", "latency_ms": 800}]
        program.api.post(f"/evaluation/{id_}/answers", json={"answers": answers}).raise_for_status()
    main(tab).to_contain_text("Completed")
    main(tab).to_contain_text("100.0% of 2 (no interval)")
    main(tab).to_contain_text("app: shop-bot 1.4")
