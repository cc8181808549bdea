"""A document comes with its newest changes; a list has the others, which may be long."""

import random
import string

import httpx2

DOCUMENTS = "/admin/ai/knowledge/documents"
CHANGES = "/admin/ai/knowledge/document-changes"


def words(seed: int, characters: int) -> str:
    """Return a text that does not compress."""
    return "".join(random.Random(seed).choices(string.ascii_letters + string.digits, k=characters))


def edit(admin: httpx2.Client, *contents: str) -> None:
    for content in contents:
        admin.put(f"{DOCUMENTS}/a", json={"content": content}).raise_for_status()


def test_a_long_document_comes_without_all_of_its_former_texts(admin: httpx2.Client) -> None:
    admin.post(DOCUMENTS, json={"id": "a", "title": "Terms", "content": "x"}).raise_for_status()
    edit(admin, *(words(seed, 300_000) for seed in range(4)))
    found = admin.get(f"{DOCUMENTS}/a").json()
    assert [each["after"]["content"] for each in found["history"]] == [words(3, 300_000)]
    assert found["history_count"] == 5
    page = admin.get(CHANGES, params={"document": "a", "limit": 2, "offset": 2}).json()
    assert [each["after"]["content"] for each in page["items"]] == [
        words(seed, 300_000) for seed in (1, 0)
    ]
    assert page["total_count"] == 5


def test_the_newest_change_comes_however_long_it_is(admin: httpx2.Client) -> None:
    admin.post(DOCUMENTS, json={"id": "a", "title": "Terms", "content": "x"}).raise_for_status()
    edit(admin, words(1, 800_000), words(2, 800_000))
    assert len(admin.get(f"{DOCUMENTS}/a").json()["history"]) == 1


def test_a_short_document_comes_with_its_whole_history(admin: httpx2.Client) -> None:
    admin.post(DOCUMENTS, json={"id": "a", "title": "Terms", "content": "x"}).raise_for_status()
    edit(admin, "y", "z")
    found = admin.get(f"{DOCUMENTS}/a").json()
    assert [each["after"]["content"] for each in found["history"]] == ["z", "y", "x"]
    assert found["history_count"] == 3
