"""Settings, Import in the browser: choose a file, check it, import and undo."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.console import Program, Tab, Window
from tests.browser.test_every_page import look_at

HEADER = "timestamp,model_name,vendor,user,prompt_tokens,completion_tokens,latency_s,outcome,region"


def table(rows: int) -> str:
    lines = [
        f"2026-11-0{1 + n % 9} 08:12:{n % 60:02},gpt-4o-mini,openai,u{n % 9},{n},20,0.5,ok,eu"
        for n in range(rows)
    ]
    return "\n".join([HEADER, *lines, "yesterday,gpt-4o-mini,openai,u1,1,1,1,ok,eu"]) + "\n"


@pytest.fixture
def file(program: Program, tmp_path: Path) -> Iterator[Path]:
    """Return a file of AI requests; what was imported goes afterwards."""
    path = tmp_path / "requests.csv"
    path.write_text(table(300))
    yield path
    for found in program.api.get("/imports").json()["items"]:
        program.api.delete(f"/imports/{found['id']}")


def choose(tab: Tab, path: Path) -> None:
    tab.page.locator(".upload input").set_input_files(path)


def test_a_file_is_seen_tried_imported_and_taken_back(window: Window, file: Path) -> None:
    tab = window.open("/settings?section=Import")
    choose(tab, file)
    expect(tab.page.get_by_text("A table of AI requests")).to_be_visible()
    expect(
        tab.page.get_by_role("combobox", name="Time zone of the times in this file")
    ).to_be_visible()
    tab.press("Run dry run")
    expect(tab.page.get_by_text("300 AI requests to import")).to_be_visible(timeout=30_000)
    expect(tab.page.get_by_text("1 row rejected")).to_be_visible()
    expect(tab.page.get_by_text("0.5 is 500 ms")).to_be_visible()
    tab.press("Import")
    expect(tab.page.get_by_text("Imported", exact=True)).to_be_visible(timeout=30_000)
    tab.press("Undo import")
    dialog = tab.page.get_by_role("dialog", name="Undo this import?")
    expect(dialog).to_contain_text("requests.csv: 300 AI requests, 1 rejected")
    dialog.get_by_role("button", name="Undo import").click()
    expect(tab.page.get_by_text("Undone", exact=True)).to_be_visible(timeout=30_000)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\x89PNG" + bytes(range(256)) * 20, "a picture"),
        (bytes(range(256)) * 50, "Unsupported file type"),
        (b"a letter;\nof lines, each, of another width\nand, no, table\n", "not a table"),
    ],
)
def test_what_cannot_be_read_is_said_in_words(
    window: Window, tmp_path: Path, file: Path, content: bytes, words: str
) -> None:
    (tmp_path / "photo.csv").write_bytes(content)
    tab = window.open("/settings?section=Import")
    choose(tab, tmp_path / "photo.csv")
    expect(tab.page.get_by_text(words)).to_be_visible()
    expect(tab.page.get_by_text("Failed", exact=True).first).to_be_visible()
    expect(tab.page.get_by_role("button", name="Import", exact=True)).not_to_be_visible()


def test_a_file_of_another_kind_is_said_to_be_not_importable_yet(
    window: Window, tmp_path: Path, file: Path
) -> None:
    (tmp_path / "prompts.csv").write_text(
        '"act","prompt"\n"Terminal","I want you to act as a terminal."\n"Poet","Write poems."\n'
    )
    tab = window.open("/settings?section=Import")
    choose(tab, tmp_path / "prompts.csv")
    expect(tab.page.get_by_text("not supported yet")).to_be_visible()
    expect(tab.page.get_by_text("Not supported", exact=True).first).to_be_visible()


def test_three_thousand_columns_are_shown_tried_and_imported(
    window: Window, tmp_path: Path, file: Path
) -> None:
    names = ["timestamp", "event_type", *(f"c{number}" for number in range(3000))]
    rows = [f"2026-11-03T05:06:0{second}Z,page.view," + ",".join("1" * 3000) for second in range(3)]
    (tmp_path / "wide.csv").write_text("\n".join([",".join(names), *rows]) + "\n")
    tab = window.open("/settings?section=Import")
    choose(tab, tmp_path / "wide.csv")
    expect(tab.page.get_by_text("A table of events")).to_be_visible(timeout=30_000)
    tab.press("Run dry run")
    expect(tab.page.get_by_text("3 events to import")).to_be_visible(timeout=60_000)
    tab.press("Import")
    expect(tab.page.get_by_text("Imported", exact=True)).to_be_visible(timeout=60_000)


def test_a_file_that_is_refused_is_a_problem_in_words(window: Window, tmp_path: Path) -> None:
    (tmp_path / "empty.csv").write_bytes(b"")
    window.tolerates = ("422",)
    tab = window.open("/settings?section=Import")
    choose(tab, tmp_path / "empty.csv")
    expect(tab.page.get_by_test_id("stToast")).to_contain_text("The file is empty")


def test_a_mapping_is_kept_and_offered_to_the_next_file(
    window: Window, program: Program, file: Path
) -> None:
    tab = window.open("/settings?section=Import")
    choose(tab, file)
    tab.press("Save mapping")
    tab.page.get_by_role("textbox", name="Name").fill("Nightly requests")
    tab.page.get_by_test_id("stPopoverBody").get_by_role("button", name="Save mapping").click()
    expect(tab.page.get_by_test_id("stToast")).to_contain_text("Mapping saved")
    expect(tab.page.get_by_role("combobox", name="Mapping")).to_be_visible()
    with tab.rerun():
        tab.choose("Mapping", "Nightly requests")
    tab.press("Run dry run")
    expect(tab.page.get_by_text("300 AI requests to import")).to_be_visible(timeout=30_000)
    for kept in program.api.get("/imports/mappings").json()["items"]:
        program.api.delete(f"/imports/mappings/{kept['id']}").raise_for_status()


def test_a_tried_file_can_be_read_by_all_at_every_width(window: Window, file: Path) -> None:
    tab = window.open("/settings?section=Import")
    choose(tab, file)
    tab.press("Run dry run")
    expect(tab.page.get_by_text("300 AI requests to import")).to_be_visible(timeout=30_000)
    look_at(tab)


def test_a_file_read_again_shows_no_answers_of_the_reading_before(
    window: Window, tmp_path: Path, file: Path
) -> None:
    # A browser goes on showing what was entered in a field whose key stays
    (tmp_path / "visits.csv").write_text("event_type,user_id,day\nopen,u1,2026-11-03 05:06:07\n")
    tab = window.open("/settings?section=Import")
    choose(tab, tmp_path / "visits.csv")
    tab.choose("Time zone of the times in this file", "Europe/Berlin")
    tab.press("Change file type")
    tab.press("Read file again")
    expect(tab.page.get_by_test_id("stToast")).to_contain_text("File read again")
    zone = tab.page.get_by_role("combobox", name="Time zone of the times in this file")
    expect(zone).to_have_value("UTC")
