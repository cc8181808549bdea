"""Files over HTTP: uploaded in pieces, tried, imported, stopped, and removed."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import httpx2
import pytest
from sqlalchemy import text

from core.database.db import Database, transaction
from core.imports import runner, uploads
from core.imports.ingest import writing
from core.imports.service import imports
from core.imports.service.undo import users
from core.platform.config import config
from core.platform.ids import new_id
from tests.api.imports.calls import do_what_is_due, upload
from tests.factories.records import event

HEADER = "id,created_at,event_type,user_id,session_id"


def csv(numbers: range, **given: str) -> str:
    rows = [event(number, **given) for number in numbers]
    return (
        "\n".join(
            [HEADER, *(",".join(str(row[name]) for name in HEADER.split(",")) for row in rows)]
        )
        + "\n"
    )


def test_a_file_is_taken_and_recognized_and_nothing_of_it_is_stored(me: httpx2.Client) -> None:
    found = upload(me, csv(range(20)))
    assert (found["name"], found["status"], found["has_file"]) == ("events.csv", "ready", True)
    assert found["mapping"]["kind"] == "events"
    assert {column["path"] for column in found["recognition"]["columns"]} >= set(HEADER.split(","))
    assert me.get("/admin/onboarding/events").json()["items"] == []
    assert uploads.path_of(UUID(found["id"])).read_text() == csv(range(20))


def test_a_form_as_browsers_send_it_is_taken_too(me: httpx2.Client) -> None:
    files: Any = {
        "note": (None, "nothing"),
        "file": ("C:\\exports\\März.csv", csv(range(3)), "text/csv"),
    }
    found = me.post("/imports", files=files).json()
    assert found["name"] == "März.csv"
    assert uploads.path_of(UUID(found["id"])).read_text() == csv(range(3))


def test_a_large_form_comes_in_pieces_and_is_the_same_file(me: httpx2.Client) -> None:
    content = csv(range(60_000)).encode()
    found = me.post("/imports", files={"file": ("large.csv", content)}).json()
    assert found["size_bytes"] == len(content)
    assert uploads.path_of(UUID(found["id"])).read_bytes() == content


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"content": b"a,b\n1,2\n"}, "Missing file name"),
        ({"content": b"", "params": {"name": "a.csv"}}, "empty"),
        ({"data": {"a": "b"}, "files": {"c": (None, "d")}}, "Missing file name"),
        (
            {"content": b"nothing", "headers": {"content-type": "multipart/form-data; boundary=x"}},
            "multipart",
        ),
        (
            {
                "content": (
                    b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n1,2'
                ),
                "headers": {"content-type": "multipart/form-data; boundary=x"},
            },
            "multipart",
        ),
    ],
    ids=["no name", "empty", "no file", "no form", "half a form"],
)
def test_what_is_no_file_is_refused_in_words_and_leaves_nothing(
    me: httpx2.Client, given: dict[str, Any], words: str
) -> None:
    before = set(uploads.folder().iterdir()) if uploads.folder().exists() else set()
    answer = me.post("/imports", **given)
    assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")
    assert words in answer.json()["detail"]
    assert set(uploads.folder().iterdir()) == before
    assert me.get("/imports").json()["total_count"] == 0


@pytest.fixture
def small_limit(settings: pytest.MonkeyPatch) -> Iterator[None]:
    settings.setenv("IMPORT_LIMIT_MB", "1")
    config.cache_clear()
    yield
    settings.delenv("IMPORT_LIMIT_MB")
    config.cache_clear()


@pytest.mark.usefixtures("small_limit")
@pytest.mark.parametrize("is_announced", [True, False])
def test_a_file_that_is_too_large_is_refused_and_says_what_to_do(
    me: httpx2.Client, is_announced: bool
) -> None:
    def pieces() -> Iterator[bytes]:
        for _ in range(3):
            yield b"x" * 2**20

    answer = me.post("/imports?name=a.csv", content=b"x" * 3 * 2**20 if is_announced else pieces())
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert "IMPORT_LIMIT_MB" in answer.json()["detail"]
    assert not list(uploads.folder().glob("*.part"))


def test_garbage_has_failed_and_says_why(me: httpx2.Client) -> None:
    found = upload(me, bytes(range(256)) * 40, "photo.csv")
    assert found["status"] == "failed"
    assert found["error"]
    assert not uploads.path_of(UUID(found["id"])).exists()
    assert me.post(f"/imports/{found['id']}/start").status_code == 409


def test_a_dry_run_says_what_would_come_and_stores_nothing(me: httpx2.Client) -> None:
    lines = csv(range(40)).splitlines()
    lines[3] = lines[3].replace("chat.session_start", "")
    old = csv(range(100, 110), created_at="2020-05-01T00:00:00Z").splitlines()[1:]
    found = upload(me, "\n".join([*lines, *old, lines[1]]))
    assert me.post(f"/imports/{found['id']}/dry-run").json()["status"] == "checking"
    do_what_is_due(found["id"])
    found = me.get(f"/imports/{found['id']}").json()
    dry = found["dry_run"]
    assert (found["status"], dry["records"], dry["counts"], dry["rejected"]) == (
        "ready",
        51,
        {"events": 50},
        1,
    )
    assert [(each["line"], each["kind"]) for each in dry["problems"]] == [(4, "events")]
    assert dry["first_at"].startswith("2020-05-01")
    assert [(each["kind"], each["rows"], each["keeps_days"]) for each in dry["retention"]] == [
        ("events", 10, 30)
    ]
    assert dry["duplicates"] == {"events": 1}
    assert dry["samples"][0]["row"]["event_type"] == "chat.session_start"
    assert found["progress"] == {"records_done": 0, "records_total": 51, "fraction": 0.0}
    assert me.get("/admin/users").json()["items"] == []


def test_an_import_brings_the_rows_and_says_how_far_it_is(me: httpx2.Client) -> None:
    found = upload(me, csv(range(40)))
    assert (
        me.post(f"/imports/{found['id']}/start", json={"environment": "staging"}).json()["status"]
        == "queued"
    )
    do_what_is_due(found["id"])
    done = me.get(f"/imports/{found['id']}").json()
    assert (done["status"], done["progress"]["fraction"]) == ("completed", 1.0)
    assert done["counts"] == {"events": {"accepted": 40, "duplicates": 0, "rejected": 0}}
    assert me.get("/admin/users", params={"environment": "staging"}).json()["total_count"] == 7
    again = upload(me, csv(range(40)))
    me.post(f"/imports/{again['id']}/start", json={"environment": "staging"})
    do_what_is_due(again["id"])
    assert me.get(f"/imports/{again['id']}").json()["counts"]["events"]["duplicates"] == 40


def test_it_can_be_stopped_before_it_has_begun_and_goes_on_when_wanted(me: httpx2.Client) -> None:
    id_ = upload(me, csv(range(40)))["id"]
    me.post(f"/imports/{id_}/start")
    assert me.post(f"/imports/{id_}/cancel").json()["status"] == "cancelled"
    do_what_is_due(id_)
    assert me.get(f"/imports/{id_}").json()["counts"] == {}
    me.post(f"/imports/{id_}/start")
    do_what_is_due(id_)
    assert me.get(f"/imports/{id_}").json()["counts"]["events"]["accepted"] == 40


def test_a_dry_run_can_be_stopped(me: httpx2.Client) -> None:
    id_ = upload(me, csv(range(40)))["id"]
    me.post(f"/imports/{id_}/dry-run")
    assert me.post(f"/imports/{id_}/cancel").json()["status"] == "ready"
    do_what_is_due(id_)
    assert me.get(f"/imports/{id_}").json()["dry_run"] is None


@pytest.mark.parametrize("verb", ["start", "dry-run"])
def test_what_is_under_way_is_not_begun_again(me: httpx2.Client, verb: str) -> None:
    id_ = upload(me, csv(range(4)))["id"]
    me.post(f"/imports/{id_}/start")
    answer = me.post(f"/imports/{id_}/{verb}")
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert me.delete(f"/imports/{id_}/file").status_code == 409


def test_an_import_that_is_not_under_way_cannot_be_stopped_and_says_its_status(
    me: httpx2.Client,
) -> None:
    answer = me.post(f"/imports/{upload(me, csv(range(4)))['id']}/cancel")
    assert answer.status_code == 409
    assert answer.json()["detail"].endswith("Its status is ready.")


def test_a_file_can_be_removed_and_then_not_be_imported(me: httpx2.Client) -> None:
    id_ = upload(me, csv(range(4)))["id"]
    assert me.delete(f"/imports/{id_}/file").json()["has_file"] is False
    assert not uploads.path_of(UUID(id_)).exists()
    answer = me.post(f"/imports/{id_}/start")
    assert (answer.status_code, "Upload it again" in answer.json()["detail"]) == (409, True)


def test_a_mapping_that_does_not_fit_says_where(me: httpx2.Client) -> None:
    id_ = upload(me, csv(range(4)))["id"]
    wrong = {"kind": "events", "fields": {"colour": {"path": "event_type"}}}
    answer = me.post(f"/imports/{id_}/start", json={"mapping": wrong})
    assert answer.status_code == 422
    assert "colour" in answer.json()["detail"]
    assert answer.json()["errors"]


def test_a_mapping_is_kept_under_a_name_and_offered_to_files_with_the_same_columns(
    me: httpx2.Client,
) -> None:
    first = upload(me, csv(range(4)))
    mapping = first["mapping"] | {
        "fields": {name: {"path": name} for name in HEADER.split(",") if name != "session_id"}
    }
    saved = me.post(
        "/imports/mappings", json={"name": "Nightly", "import_id": first["id"], "mapping": mapping}
    )
    assert saved.status_code == 201
    assert (
        me.post(
            "/imports/mappings",
            json={"name": "Nightly", "import_id": first["id"], "mapping": mapping},
        ).status_code
        == 201
    )
    listed = me.get("/imports/mappings").json()
    assert [(each["name"], each["columns"]) for each in listed["items"]] == [
        ("Nightly", sorted(HEADER.split(",")))
    ]
    assert "session_id" not in upload(me, csv(range(5, 8)))["mapping"]["fields"]
    tabs = upload(me, csv(range(5, 8)).replace(",", "\t"), "events.tsv")
    assert ("session_id" not in tabs["mapping"]["fields"], tabs["mapping"]["delimiter"]) == (
        True,
        "\t",
    )
    assert me.delete(f"/imports/mappings/{listed['items'][0]['id']}").status_code == 204
    assert "session_id" in upload(me, csv(range(8, 10)))["mapping"]["fields"]
    assert me.delete(f"/imports/mappings/{new_id()}").status_code == 404


def test_imports_are_listed_the_latest_first(me: httpx2.Client) -> None:
    for number in range(3):
        upload(me, csv(range(number + 1)), f"{number}.csv")
    listed = me.get("/imports", params={"limit": 2}).json()
    assert ([each["name"] for each in listed["items"]], listed["total_count"]) == (
        ["2.csv", "1.csv"],
        3,
    )
    assert "columns" not in listed["items"][0]["recognition"]
    assert me.get(f"/imports/{new_id()}").status_code == 404


def test_what_stands_still_is_gone_on_with(me: httpx2.Client) -> None:
    id_ = upload(me, csv(range(4)))["id"]
    me.post(f"/imports/{id_}/start")
    imports.resume()  # its job waits already: nothing happens twice
    do_what_is_due(id_)
    imports.resume()
    assert me.get(f"/imports/{id_}").json()["counts"]["events"]["accepted"] == 4


def test_what_an_import_brought_is_taken_back_and_may_be_imported_again(me: httpx2.Client) -> None:
    id_ = upload(me, csv(range(40)))["id"]
    assert me.post(f"/imports/{id_}/undo").status_code == 409  # nothing to take back
    for _ in range(2):
        me.post(f"/imports/{id_}/start")
        do_what_is_due(id_)
        assert me.get(f"/imports/{id_}").json()["counts"]["events"]["accepted"] == 40
        assert me.post(f"/imports/{id_}/undo").json()["status"] == "undoing"
        assert me.post(f"/imports/{id_}/start").status_code == 409
        do_what_is_due(id_)
        undone = me.get(f"/imports/{id_}").json()
        assert (undone["status"], undone["counts"], undone["has_file"]) == ("undone", {}, True)
        assert me.get("/admin/users").json()["total_count"] == 0


def test_an_undo_that_is_cut_short_goes_on(me: httpx2.Client) -> None:
    id_ = upload(me, csv(range(40)))["id"]
    me.post(f"/imports/{id_}/start")
    do_what_is_due(id_)
    me.post(f"/imports/{id_}/undo")
    runner.work(UUID(id_), may_go_on=lambda: False)
    assert me.get(f"/imports/{id_}").json()["status"] == "undoing"
    do_what_is_due(id_)
    assert me.get(f"/imports/{id_}").json()["status"] == "undone"


def failed_undo(me: httpx2.Client, id_: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the events of an import back, and come to grief with its users."""
    me.post(f"/imports/{id_}/start")
    do_what_is_due(id_)
    with monkeypatch.context() as broken:
        broken.setattr(users, "take_some", lambda *_, **__: 1 / 0)
        me.post(f"/imports/{id_}/undo")
        do_what_is_due(id_)
    assert me.get(f"/imports/{id_}").json()["status"] == "failed"


def test_after_an_undo_that_failed_an_import_brings_all_of_its_rows(
    me: httpx2.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    id_ = upload(me, csv(range(40)))["id"]
    failed_undo(me, id_, monkeypatch)
    me.post(f"/imports/{id_}/start")
    do_what_is_due(id_)
    assert me.get(f"/imports/{id_}").json()["status"] == "completed"
    with transaction() as session:
        assert session.scalar(text("select count(*) from user_activity_events")) == 40


def test_an_undo_that_failed_can_be_done_again(
    me: httpx2.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    id_ = upload(me, csv(range(40)))["id"]
    failed_undo(me, id_, monkeypatch)
    assert me.post(f"/imports/{id_}/undo").status_code == 202
    do_what_is_due(id_)
    assert me.get(f"/imports/{id_}").json()["status"] == "undone"


def test_what_a_kill_left_in_the_other_database_alone_can_be_taken_back(
    me: httpx2.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    id_ = upload(
        me,
        "id,created_at,rating,conversation_id\n1,2026-11-03T05:06:07Z,5,c1\n2,2026-11-03T05:06:08Z,1,c2\n",
    )["id"]
    for _ in range(2):
        me.post(f"/imports/{id_}/start").raise_for_status()
        with monkeypatch.context() as killed:
            killed.setattr(writing, "_record_progress", killed_here)
            with pytest.raises(KeyboardInterrupt):
                do_what_is_due(id_)
        assert me.post(f"/imports/{id_}/cancel").json()["status"] == "cancelled"
    with transaction(Database.AI) as session:
        assert session.scalar(text("select count(*) from ai_feedback")) == 2
    assert me.delete(f"/imports/{id_}").json()["status"] == "undoing"
    do_what_is_due(id_)
    assert me.get(f"/imports/{id_}").json()["status"] == "undone"
    with transaction(Database.AI) as session:
        assert session.scalar(text("select count(*) from ai_feedback")) == 0
        assert session.scalar(text("select count(*) from import_traces")) == 0


def killed_here(*_: object) -> None:
    raise KeyboardInterrupt


def test_deleting_an_import_undoes_it_and_removes_its_file(me: httpx2.Client) -> None:
    id_ = upload(me, csv(range(40)))["id"]
    me.post(f"/imports/{id_}/start")
    do_what_is_due(id_)
    assert me.delete(f"/imports/{id_}").json()["status"] == "undoing"
    do_what_is_due(id_)
    assert me.get(f"/imports/{id_}").json()["status"] == "undone"
    assert not uploads.path_of(UUID(id_)).exists()
    fresh = upload(me, csv(range(4)))["id"]
    assert (
        me.delete(f"/imports/{fresh}").json() | {"status": "ready", "has_file": False}
        == me.get(f"/imports/{fresh}").json()
    )


def test_an_import_of_long_ago_cannot_be_undone(me: httpx2.Client) -> None:
    id_ = upload(me, csv(range(4)))["id"]
    me.post(f"/imports/{id_}/start")
    do_what_is_due(id_)
    with transaction() as session:
        session.execute(text("update imports set started_at = now() - interval '400 days'"))
    answer = me.post(f"/imports/{id_}/undo")
    assert (answer.status_code, "too old" in answer.json()["detail"]) == (409, True)


def test_a_table_of_which_nobody_knows_what_it_is_is_imported_by_a_mapping_made_by_hand(
    me: httpx2.Client,
) -> None:
    found = upload(me, "colour;shape\nred;round\nblue;square\n", "things.csv")
    assert (found["mapping"], found["recognition"]["draft"]["delimiter"]) == (None, ";")
    assert me.post(f"/imports/{found['id']}/start").status_code == 422
    fields = {"content": {"path": "colour"}, "title": {"path": "shape"}}
    mapping = found["recognition"]["draft"] | {"kind": "documents", "fields": fields}
    assert me.post(f"/imports/{found['id']}/start", json={"mapping": mapping}).status_code == 202
    do_what_is_due(found["id"])
    assert me.get(f"/imports/{found['id']}").json()["counts"]["documents"]["accepted"] == 2
