"""Notes on conversations: for colleagues only, deleted by their author, in no export."""

import httpx2
import pytest
from sqlalchemy import text

from core.conversations.notes import Colleague, find_mentioned
from core.conversations.queries import notes as queries
from core.database.db import transaction
from core.identity.schemas import Role
from core.platform.ids import new_id
from tests.api.conftest import Client
from tests.factories.conversations import conversation, stored
from tests.factories.identity import person

NOTES = "/admin/ai/tuning/notes"


@pytest.fixture
def talk(database: object) -> None:
    stored(conversation("c", messages=2))


def written(client: httpx2.Client, body: str = "Look at this.") -> dict[str, str]:
    answer = client.post(NOTES, json={"conversation_id": "c", "body": body})
    assert answer.status_code == 201
    return dict(answer.json())


def listed(client: httpx2.Client) -> list[str]:
    return [each["body"] for each in client.get(f"{NOTES}?conversation_id=c").json()["items"]]


def test_notes_are_read_by_all_who_read_messages_oldest_first(client: Client, talk: None) -> None:
    reviewer, admin = client(person(Role.REVIEWER)), client(person(Role.ADMIN))
    first = written(reviewer, "  First\0  ")
    written(admin, "Second")
    assert listed(reviewer) == listed(admin) == ["First", "Second"]
    assert first["author_name"] == "Reviewer"
    assert client(person(Role.ANALYST)).get(f"{NOTES}?conversation_id=c").status_code == 403


def test_of_more_notes_than_are_listed_the_latest_are_read(
    client: Client, talk: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "MOST", 2)
    reviewer = client(person(Role.REVIEWER))
    for body in ("First", "Second", "Third"):
        written(reviewer, body)
    assert listed(reviewer) == ["Second", "Third"]


def test_only_the_author_deletes_a_note(client: Client, talk: None) -> None:
    reviewer, admin = client(person(Role.REVIEWER)), client(person(Role.SUPER_ADMIN))
    id_ = written(reviewer)["id"]
    assert admin.delete(f"{NOTES}/{id_}").status_code == 403
    assert reviewer.delete(f"{NOTES}/{id_}").status_code == 204
    assert reviewer.delete(f"{NOTES}/{id_}").status_code == 404
    assert listed(admin) == []


def test_a_mentioned_colleague_finds_the_note(client: Client, talk: None) -> None:
    ada = person(Role.REVIEWER, email="ada.lovelace@example.com")
    author = client(person(Role.ADMIN))
    written(author, "Not for ada.lovelace@example.com or @adalbert.")
    written(author, "@Ada.Lovelace, is this the VAT bug?")
    [found] = client(ada).get(f"{NOTES}/mentions").json()["items"]
    assert found["body"].startswith("@Ada.Lovelace")
    assert (found["conversation_title"], found["seen_at"]) == ("c", None)
    assert author.get(f"{NOTES}/mentions").json()["items"] == []


def test_an_analyst_without_the_right_to_read_is_not_mentioned(client: Client, talk: None) -> None:
    person(Role.ANALYST, email="ann@example.com")
    written(client(person(Role.ADMIN)), "@ann look")
    with transaction() as session:
        assert session.scalar(text("select count(*) from conversation_note_mentions")) == 0


def test_the_longest_name_is_meant() -> None:
    ann, lee = (
        Colleague(id=new_id(), name=name, email=f"{name[-2:]}@example.com")
        for name in ("Ann", "Ann Lee")
    )
    assert find_mentioned("@ann lee and @bob", [ann, lee]) == [lee]
    assert find_mentioned("@Ann, @ann lee", [ann, lee]) == [ann, lee]
    assert find_mentioned("@Anna", [ann, lee]) == []


@pytest.mark.parametrize("link", ["https://example.com/@ann", "[hers](https://example.com/@Ann)"])
def test_a_link_mentions_nobody(link: str) -> None:
    ann = Colleague(id=new_id(), name="Ann", email="ann@example.com")
    assert find_mentioned(f"See {link}", [ann]) == []


def test_a_deleted_account_leaves_its_notes_and_no_mentions(client: Client, talk: None) -> None:
    boss, author = client(person(Role.SUPER_ADMIN)), person(Role.REVIEWER, email="rae@example.com")
    written(client(author), "@rae remember")
    assert boss.delete(f"/admin/accounts/{author.actor.id}").status_code == 204
    [note] = boss.get(f"{NOTES}?conversation_id=c").json()["items"]
    assert (note["author_id"], note["author_name"]) == (None, "Reviewer")
    with transaction() as session:
        assert session.scalar(text("select count(*) from conversation_note_mentions")) == 0


def test_notes_go_with_their_conversation_and_are_in_no_export(client: Client, talk: None) -> None:
    admin = client(person(Role.ADMIN))
    written(admin, "between us")
    assert "between us" not in admin.get("/admin/ai/tuning/conversations?format=csv&days=3660").text
    assert "between us" not in admin.get("/admin/ai/tuning/conversations/c").text
    with transaction() as session:
        session.execute(text("delete from conversations"))
        assert session.scalar(text("select count(*) from conversation_notes")) == 0


def test_writing_and_deleting_is_audited_without_the_words(client: Client, talk: None) -> None:
    admin = client(person(Role.ADMIN))
    admin.delete(f"{NOTES}/{written(admin, 'a secret')['id']}").raise_for_status()
    answer = admin.get("/admin/audit?action=note").json()
    assert [row["action"] for row in answer["items"]] == ["note.delete", "note.add"]
    assert "a secret" not in str(answer)


@pytest.mark.parametrize("body", ["", "  \0 ", "x" * 4001])
def test_a_note_has_words_and_an_end(client: Client, talk: None, body: str) -> None:
    answer = client(person(Role.ADMIN)).post(NOTES, json={"conversation_id": "c", "body": body})
    assert answer.status_code == 422


def test_a_note_needs_its_conversation(client: Client) -> None:
    admin = client(person(Role.ADMIN))
    assert admin.post(NOTES, json={"conversation_id": "x", "body": "a"}).status_code == 404
    assert admin.get(f"{NOTES}?conversation_id=x").status_code == 404
