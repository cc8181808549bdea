"""Files in the body of a message, in the history, at their addresses and in exports."""

from typing import Any

import httpx2
import pytest

from tests.api.conftest import Client
from tests.api.playground.test_playground import chat, history, talk
from tests.factories.attachments import PDF, file, png
from tests.factories.identity import person

NOTES = file("nötes.txt", "The code is 4711.")


@pytest.fixture
def mine(client: Client) -> httpx2.Client:
    return client(person())


def first_files(mine: httpx2.Client, session_id: str) -> list[dict[str, Any]]:
    files: list[dict[str, Any]] = history(mine, session_id).json()["messages"][0]["attachments"]
    return files


def test_the_history_names_the_files_of_a_message(mine: httpx2.Client) -> None:
    session_id = talk(mine, attachments=[NOTES, file("a.png", png())])
    assert [each["name"] for each in first_files(mine, session_id)] == ["nötes.txt", "a.png"]
    assert [each["kind"] for each in first_files(mine, session_id)] == ["text", "image"]
    answer = history(mine, session_id).json()["messages"][1]["content"]
    assert "The code is 4711." in answer


def test_a_file_is_downloaded_as_it_was_sent_and_an_image_shown(mine: httpx2.Client) -> None:
    session_id = talk(mine, attachments=[NOTES, file("a.png", png())])
    notes, image = (
        mine.get(f"/sessions/{session_id}/attachments/{each['id']}").raise_for_status()
        for each in first_files(mine, session_id)
    )
    assert notes.content == b"The code is 4711."
    assert notes.headers["content-type"] == "application/octet-stream"
    assert notes.headers["content-disposition"] == "attachment; filename*=UTF-8''n%C3%B6tes.txt"
    assert image.headers["content-type"] == "image/jpeg"
    assert image.content.startswith(b"\xff\xd8\xff")


def test_a_file_of_another_account_or_session_is_missing(
    client: Client, mine: httpx2.Client
) -> None:
    session_id, other = talk(mine, attachments=[NOTES]), talk(mine)
    [notes] = first_files(mine, session_id)
    address = f"/sessions/{session_id}/attachments/{notes['id']}"
    assert client(person()).get(address).status_code == 404
    assert mine.get(f"/sessions/{other}/attachments/{notes['id']}").status_code == 404


@pytest.mark.parametrize(
    ("attached", "words"),
    [
        (file("a.pdf", PDF), "has no text"),
        (file("a.bin", b"\0\1"), "“a.bin” is not a text file"),
        (file("a.txt", ""), "is empty"),
    ],
)
def test_a_file_that_cannot_be_sent_is_refused_in_words(
    mine: httpx2.Client, attached: dict[str, str], words: str
) -> None:
    refused = chat(mine, attachments=[attached])
    assert refused.status_code == 422
    assert words in refused.json()["detail"]


def test_what_is_not_base64_and_more_files_than_five_are_refused(mine: httpx2.Client) -> None:
    assert chat(mine, attachments=[{"name": "a", "content": "?"}]).status_code == 422
    assert chat(mine, attachments=[NOTES] * 6).status_code == 422


def test_exports_name_the_files_and_are_imported_again(mine: httpx2.Client) -> None:
    session_id = talk(mine, attachments=[file("a_b.txt", "x")])
    exported = mine.get(f"/sessions/{session_id}/export").raise_for_status()
    asked, answer = exported.json()["messages"]
    assert asked["attachments"] == ["a_b.txt"]
    assert "attachments" not in answer
    assert mine.post("/sessions/import", json=exported.json()).status_code == 201
    markdown = mine.get(f"/sessions/{session_id}/export", params={"format": "markdown"})
    assert "\n- Attached: a\\_b.txt\n" in markdown.text
