"""What several files hold stays until the last of them is undone, whatever the order in which they
are.
"""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from core.database.db import transaction
from core.imports.service.undo.undo import undo
from core.platform.ids import new_id
from core.system.service.verification import verify
from tests.factories.imports import differences, dump, empty_everything, row, rows, send

pytestmark = pytest.mark.usefixtures("database")

Sending = tuple[str, list[dict[str, Any]]]


def without_traces(found: dict[str, list[str]]) -> dict[str, list[str]]:
    return {name: rows for name, rows in found.items() if not name.endswith("import_traces")}


def check_undo(files: list[Sending], *, undone: list[int]) -> None:
    """Import all files, undo some of them, and compare with tables that hold only the others."""
    ids = [new_id() for _ in files]
    for import_id, (kind, given) in zip(ids, files, strict=True):
        send(kind, *given, import_id=import_id)
    for place in undone:
        undo(ids[place])
    after_undo = dump()
    empty_everything()
    left = [place for place in range(len(files)) if place not in undone]
    for place in left:
        send(files[place][0], *files[place][1], import_id=ids[place])
    assert differences(without_traces(dump()), without_traces(after_undo)) == ""
    assert [(each.table, each.examples) for each in verify.verify() if each.differences] == []
    empty_everything()


def conversation(*messages: tuple[str, int], content: str = "same") -> dict[str, Any]:
    """Return a conversation of one id, with messages as pairs of an id and an hour."""
    told = row("conversation", 4)
    return told | {
        "messages": [
            {
                "id": id_,
                "role": "user",
                "content": f"{content} {id_}",
                "created_at": f"2026-03-01T{hour:02}:00:00Z",
            }
            for id_, hour in messages
        ]
    }


def test_later_messages_of_another_import_do_not_stop_an_undo() -> None:
    """An earlier message moves the one that both hold; its old position belongs to another message
    by then.
    """
    ours, theirs = new_id(), new_id()
    send("conversation", conversation(("m", 8)))
    send("conversation", conversation(("before", 7)), import_id=ours)
    send("conversation", conversation(("m", 8), ("after", 9), content="changed"), import_id=theirs)
    undo(ours)
    undo(theirs)
    with_imports = dump()
    empty_everything()
    send("conversation", conversation(("m", 8)))
    assert differences(dump(), with_imports) == ""


def test_a_message_whose_former_position_another_has_does_not_stop_an_undo() -> None:
    # Without another import at that position, the mend could be taken out unnoticed
    before, changed = new_id(), new_id()
    send("conversation", conversation(("m", 8)))
    send("conversation", conversation(("before", 7)), import_id=before)
    send("conversation", conversation(("m", 8), content="changed"), import_id=changed)
    undo(before)
    send("conversation", conversation(("after", 9)))
    undo(changed)
    with_imports = dump()
    empty_everything()
    send("conversation", conversation(("m", 8)))
    send("conversation", conversation(("after", 9)))
    assert differences(dump(), with_imports) == ""


@pytest.mark.parametrize(
    "kind", ["batch_run", "conversation", "user", "feedback", "document", "memory"]
)
def test_rows_of_two_files_stay_until_both_are_undone(kind: str) -> None:
    same = (kind, rows(kind, range(8)))
    for undone in ([0], [1, 0]):
        check_undo([same, same], undone=undone)


def test_rows_of_three_files_pass_from_one_to_the_next() -> None:
    same = ("conversation", [conversation(("m", 8), ("n", 9))])
    for undone in ([0, 1], [1, 0]):
        check_undo([same, same, same], undone=undone)


def test_older_states_of_a_run_come_back_when_the_newer_file_is_undone() -> None:
    newer, older = (
        ("batch_run", rows("batch_run", range(6, 9))),
        ("batch_run", rows("batch_run", range(3))),
    )
    check_undo([newer, older], undone=[0])


def test_a_run_that_two_files_hold_goes_with_them_though_it_was_marked_as_lost_in_between() -> None:
    before, first, second = dump(), new_id(), new_id()
    send("batch_run", row("batch_run", 0), import_id=first)
    with transaction() as session:
        session.execute(text("update batch_run_history set status = 'lost'"))
    send("batch_run", row("batch_run", 0), import_id=second)
    undo(first)
    undo(second)
    assert differences(before, dump()) == ""


def test_a_file_that_changed_what_two_others_hold_gives_it_back_to_them() -> None:
    same, changed = conversation(("m", 8)), conversation(("m", 8), content="changed")
    files = [("conversation", [same]), ("conversation", [same]), ("conversation", [changed])]
    for undone in ([0, 2], [2, 0]):
        check_undo(files, undone=undone)


def test_rows_that_live_senders_told_first_stay_theirs() -> None:
    ours: UUID = new_id()
    send("batch_run", *rows("batch_run", range(3)))
    send("conversation", conversation(("m", 8)))
    before = dump()
    send("batch_run", *rows("batch_run", range(3)), import_id=ours)
    send("conversation", conversation(("m", 8)), import_id=ours)
    undo(ours)
    assert differences(before, dump()) == ""
