"""A prompt is written with the guidance beside it, and a program calls it with OpenAI's SDK."""

import ssl
from collections.abc import Iterator

import httpx2
import openai
import pytest
from playwright.sync_api import expect

from tests.browser.console import Program, Window

NAME = "sailor"
CONTENT = {
    "name": NAME,
    "visibility": "public",
    "system_prompt": "Answer as a sailor, in two sentences.",
    "prompt": "Greet {{who}}.",
    "variables": [{"name": "who", "type": "string", "required": True}],
    "model_id": "fake:echo",
}


@pytest.fixture
def prompt(program: Program) -> Iterator[str]:
    """Return the ID of a prompt with a production version; afterwards there is none."""
    made = program.api.post("/templates", json=CONTENT).raise_for_status().json()
    label = {"name": "production", "version": 1}
    moved = program.api.post(f"/templates/{made['id']}/labels", json=label)
    moved.raise_for_status()
    yield made["id"]
    program.api.delete(f"/templates/{made['id']}").raise_for_status()
    for key in program.api.get("/admin/api-keys").json()["items"]:
        program.api.delete(f"/admin/api-keys/{key['id']}").raise_for_status()


def test_guidance_names_what_is_wrong_and_where_and_stops_when_it_is_mended(
    window: Window, prompt: str
) -> None:
    tab = window.open(f"/prompts?prompt={prompt}")
    guidance = tab.page.locator(".st-key-prompt-guidance")
    text = tab.page.get_by_role("textbox", name="User text", exact=True)
    expect(guidance).to_be_visible()
    expect(guidance).not_to_contain_text("card number")
    for written, expected in (
        ("Greet {{who}}.\nThe card is 4111 1111 1111 1111.", "line 2"),
        ("Greet them.", "who"),
    ):
        text.fill(written)
        text.blur()
        expect(guidance).to_contain_text(expected)


def test_a_key_calls_a_prompt_by_its_label_and_is_found_in_usage(
    window: Window, program: Program, prompt: str
) -> None:
    tab = window.open("/settings?section=API+keys")
    tab.press("Create key")
    dialog = tab.page.get_by_role("dialog", name="Create API key")
    dialog.get_by_role("textbox", name="Name").fill("shop backend")
    tab.choose("Permissions", "execute")
    tab.page.keyboard.press("Escape")
    dialog.get_by_role("button", name="Create key").click()
    dialog.wait_for(state="detached")
    shown = tab.page.get_by_test_id("stCode")
    expect(shown).to_contain_text("atn_")
    key = shown.inner_text().strip()
    with _sdk(program, key) as client:
        answer = client.chat.completions.create(
            model=f"prompt:{NAME}@production",
            messages=[],
            extra_body={"variables": {"who": "Ada"}},
        )
    assert "Greet Ada." in (answer.choices[0].message.content or "")
    tab.go("/usage?days=1")
    tab.choose("Group by", "By API key")
    table = tab.page.get_by_test_id("stDataFrame").first
    expect(table.locator("td").filter(has_text="shop backend")).to_have_count(1)


def _sdk(program: Program, key: str) -> openai.OpenAI:
    http = httpx2.Client(trust_env=False, verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
    return openai.OpenAI(
        base_url=f"{program.address}/openai/v1", api_key=key, http_client=http, max_retries=0
    )
