"""What would go wrong with an import is said before it begins: refused rows, open questions, rows
of another environment.
"""

from typing import Any

import httpx2
import pytest

from core.imports.schemas import ImportView
from pages.system.settings.imports import import_labels
from tests.api.imports.calls import do_what_is_due, upload

AT = "2026-03-04T05:06:07Z"
MARKDOWN = '"# Title\n\n- one\n- two\n\n```\ncode: yes\n```"'


def do(
    me: httpx2.Client, found: dict[str, Any], what: str = "start", **given: object
) -> dict[str, Any]:
    """Begin something, do the worker's part, and return the import."""
    answer = me.post(f"/imports/{found['id']}/{what}", json=given)
    assert answer.status_code == 202, answer.text
    do_what_is_due(found["id"])
    done: dict[str, Any] = me.get(f"/imports/{found['id']}").json()
    return done


def requests(status: str, rows: int = 20) -> str:
    lines = [
        f"2026-03-04T05:06:{second:02}Z,gpt-4o,80,{'ok' if second == 0 else status}"
        for second in range(rows)
    ]
    return "\n".join(["timestamp,model,latency_ms,status", *lines]) + "\n"


def test_an_import_that_would_reject_most_rows_says_so_before_it_begins(me: httpx2.Client) -> None:
    found = upload(me, requests("erledigt"))
    mapping = {**found["mapping"], "open": []}

    answer = me.post(f"/imports/{found['id']}/start", json={"mapping": mapping})

    assert (answer.status_code, answer.json()["code"]) == (409, "most_refused")
    assert "19 of 20 rows" in answer.json()["detail"]
    assert "erledigt" in answer.json()["detail"]
    assert me.get(f"/imports/{found['id']}").json()["status"] == "ready"
    done = do(me, found, mapping=mapping, accept_refused=True)
    assert done["counts"]["ai_requests"] == {"accepted": 1, "duplicates": 0, "rejected": 19}


def test_an_import_with_few_bad_rows_begins_at_once(me: httpx2.Client) -> None:
    found = upload(me, requests("ok") + "never,gpt-4o,80,ok\n")

    assert do(me, found)["counts"]["ai_requests"]["rejected"] == 1


def test_an_import_waits_for_the_answers_that_nothing_settles(me: httpx2.Client) -> None:
    found = upload(me, requests("erledigt"))

    answer = me.post(f"/imports/{found['id']}/start")
    assert (answer.status_code, answer.json()["detail"][:13]) == (422, "Answer these ")

    done = do(me, found, answers={"values": {"status": {"erledigt": "ok"}}})
    assert done["counts"]["ai_requests"]["accepted"] == 20


def test_a_dry_run_names_the_values_that_nobody_knows_with_their_rows(me: httpx2.Client) -> None:
    late = requests("ok", 30) * 1 + "".join(
        f"2026-03-05T05:{n // 60:02}:{n % 60:02}Z,m,80,vertagt\n" for n in range(240)
    )
    header, *lines = requests("ok", 59).splitlines(keepends=True)
    found = upload(me, header + "".join(lines * 5) + "".join(late.splitlines(keepends=True)[1:]))

    done = do(me, found, "dry-run")

    assert done["dry_run"]["unknown"] == {"status": {"vertagt": 240}}


def test_a_table_of_answers_with_markdown_in_its_cells_is_a_table(me: httpx2.Client) -> None:
    content = "timestamp,question,answer\n" + "".join(
        f"{AT},Why {n}?,{MARKDOWN}\n" for n in range(3)
    )

    found = upload(me, content)

    assert found["recognition"]["not_yet"] is None
    assert do(me, found)["counts"]["conversations"]["accepted"] == 3


def test_a_file_that_was_taken_for_something_else_is_read_as_a_person_says(
    me: httpx2.Client,
) -> None:
    found = upload(me, "act,prompt\nTerminal,Act as a terminal\nPoet,Write poems\n")
    assert "not supported yet" in found["recognition"]["not_yet"]
    assert "file type" in found["recognition"]["not_yet"]

    answer = me.post(
        f"/imports/{found['id']}/recognise",
        json={"container": "csv", "delimiter": ",", "format": "table"},
    )

    assert answer.status_code == 200, answer.text
    assert answer.json()["recognition"]["not_yet"] is None
    mapping = answer.json()["recognition"]["draft"] or answer.json()["mapping"]
    documents = {
        "title": {"path": "act", "as": "text"},
        "content": {"path": "prompt", "as": "text"},
    }
    done = do(me, found, mapping={**mapping, "kind": "documents", "fields": documents, "open": []})
    assert done["counts"]["documents"]["accepted"] == 2


def test_a_table_that_was_taken_for_text_is_read_as_a_person_says(me: httpx2.Client) -> None:
    rows = [f"- Why {n}?,Since {n},{AT}" for n in range(3)] + [f"- And?,Because, well,{AT}"]
    found = upload(me, "\n".join(["question,answer,timestamp", *rows]) + "\n")
    assert "Markdown" in found["recognition"]["not_yet"]

    answer = me.post(f"/imports/{found['id']}/recognise", json={"container": "csv"})

    assert answer.json()["recognition"]["not_yet"] is None
    assert do(me, found)["counts"]["conversations"]["accepted"] == 3


def test_a_type_that_does_not_fit_is_refused_with_what_to_do(me: httpx2.Client) -> None:
    found = upload(me, requests("ok"))

    answer = me.post(f"/imports/{found['id']}/recognise", json={"format": "dialogues"})

    assert answer.status_code == 422
    assert "Choose a table type" in answer.json()["detail"]
    assert me.get(f"/imports/{found['id']}").json()["mapping"] == found["mapping"]


@pytest.mark.parametrize(
    ("misspelt", "field"),
    [
        ({"answers": {"timezone": "Europe/Berlin"}}, "answers.timezone"),
        ({"enviroment": "staging"}, "enviroment"),
    ],
)
@pytest.mark.parametrize("step", ["dry-run", "start"])
def test_a_misspelt_setting_of_an_import_is_refused_by_name(
    me: httpx2.Client, step: str, misspelt: dict[str, object], field: str
) -> None:
    # All are optional, so a misspelt zone imported times as UTC
    found = upload(me, requests("ok"))

    answer = me.post(f"/imports/{found['id']}/{step}", json=misspelt)

    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert me.get(f"/imports/{found['id']}").json()["status"] == "ready"


def test_a_setting_that_is_unknown_is_refused_by_name(me: httpx2.Client) -> None:
    # All are optional: a wrong name read the file as before and answered 200
    found = upload(me, requests("ok"))

    answer = me.post(f"/imports/{found['id']}/recognise", json={"kind": "scores"})

    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == ["kind"]


@pytest.mark.parametrize(
    "content",
    [
        "a letter;\nof lines, each, of another width\nand, no, table\n",
        '{"a": 1',
        "[1, 2",
        "name,age\n",
        "--- \n",
    ],
)
def test_a_file_that_cannot_be_read_says_what_to_do(me: httpx2.Client, content: str) -> None:
    found = upload(me, content)

    words = (
        found["error"] or found["recognition"]["not_yet"] or " ".join(found["recognition"]["notes"])
    )
    assert any(each in words for each in ("Upload", "Use CSV", "Choose", "Convert"))


def test_the_same_file_in_another_environment_says_why_nothing_arrives_and_comes_under_its_own_ids(
    me: httpx2.Client,
) -> None:
    first = upload(me, requests("ok"))
    do(me, first, environment="production")
    second = upload(me, requests("ok"))

    [same] = me.get(f"/imports/{second['id']}").json()["same_file"]
    assert (same["id"], same["environment"]) == (first["id"], "production")
    done = do(me, second, environment="staging", separate=True)

    assert done["counts"]["ai_requests"] == {"accepted": 20, "duplicates": 0, "rejected": 0}
    assert done["mapping"]["id_prefix"] == "staging:"


def test_without_ids_of_its_own_the_same_file_brings_nothing_to_another_environment(
    me: httpx2.Client,
) -> None:
    do(me, upload(me, requests("ok")), environment="production")

    done = do(me, upload(me, requests("ok")), environment="staging")

    assert done["counts"]["ai_requests"] == {"accepted": 0, "duplicates": 20, "rejected": 0}
    words = import_labels.nothing_new(ImportView.model_validate(done))
    assert words is not None
    assert "already imported into production" in words


def test_a_mapping_that_is_kept_brings_no_separate_ids_to_other_files(me: httpx2.Client) -> None:
    do(me, upload(me, requests("ok")), environment="production")
    second = upload(me, requests("ok"))
    do(me, second, environment="staging", separate=True)
    kept = me.post("/imports/mappings", json={"name": "Weekly", "import_id": second["id"]})
    assert kept.status_code == 201

    assert upload(me, requests("ok", rows=5))["mapping"]["id_prefix"] == ""
