"""The undo of an import leaves the tables as if it had never been, whatever others have sent
before, between and after.
"""

from uuid import UUID

import pytest

from core.activity.ingest import pending_events
from core.imports.service.undo.undo import undo
from core.platform.ids import new_id
from core.system.service.verification import verify
from tests.factories.imports import KINDS, differences, dump, empty_everything, row, rows, send

pytestmark = pytest.mark.usefixtures("database")


def nothing_left(before: dict[str, list[str]]) -> None:
    assert differences(before, dump()) == ""
    assert [(check.table, check.examples) for check in verify.verify() if check.differences] == []


@pytest.fixture
def ours() -> UUID:
    """Return the id of the import that is undone."""
    return new_id()


@pytest.mark.parametrize("kind", KINDS)
def test_an_import_into_empty_tables_leaves_nothing(kind: str, ours: UUID) -> None:
    before = dump()
    send(kind, *rows(kind, range(12)), import_id=ours)
    assert differences(before, dump()) != ""
    assert undo(ours).total > 0
    nothing_left(before)


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_there_before_is_as_it_was(kind: str, ours: UUID) -> None:
    for each in KINDS:
        send(each, *rows(each, range(8)))
    before = dump()
    send(kind, *rows(kind, range(4, 16), by="i"), import_id=ours)
    send(kind, *rows(kind, range(14, 20), by="i"), import_id=ours)
    undo(ours)
    nothing_left(before)


@pytest.mark.parametrize("kind", KINDS)
def test_what_comes_later_stays_as_if_the_import_had_never_been(kind: str, ours: UUID) -> None:
    for each in KINDS:
        send(each, *rows(each, range(4)))
    send(kind, *rows(kind, range(4, 16), by="i"), import_id=ours)
    for each in KINDS:
        send(each, *rows(each, range(16, 24)))
    undo(ours)
    with_it = dump()
    empty_everything()
    for numbers in (range(4), range(16, 24)):
        for each in KINDS:
            send(each, *rows(each, numbers))
    assert differences(dump(), with_it) == ""


@pytest.mark.parametrize("kind", ["conversation", "user"])
def test_when_others_first_told_of_it_is_remembered(kind: str, ours: UUID) -> None:
    """What they told first was later than what the import had told, and earlier than all that they
    have told since.
    """
    send(kind, row(kind, 0), import_id=ours)
    for number in (12, 24):
        send(kind, row(kind, number))
    undo(ours)
    with_it = dump()
    empty_everything()
    for number in (12, 24):
        send(kind, row(kind, number))
    assert differences(dump(), with_it) == ""


@pytest.mark.parametrize("kind", ["conversation", "user", "batch_run"])
def test_what_others_told_of_an_earlier_time_is_there_without_the_import(
    kind: str, ours: UUID
) -> None:
    # Only imports left traces, so that a program's older fields were gone
    send(kind, row(kind, 12), import_id=ours)
    send(kind, row(kind, 0))
    undo(ours)
    with_it = dump()
    empty_everything()
    send(kind, row(kind, 0))
    assert differences(dump(), with_it) == ""


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("is_last_first", [False, True])
def test_what_two_imports_told_belongs_to_the_one_that_is_left(
    kind: str, ours: UUID, *, is_last_first: bool
) -> None:
    theirs = new_id()
    send(kind, row(kind, 0), import_id=ours)
    send(kind, row(kind, 12), import_id=theirs)
    undone, left = (theirs, 0) if is_last_first else (ours, 12)
    undo(undone)
    with_it = dump()
    empty_everything()
    send(kind, row(kind, left), import_id=ours if is_last_first else theirs)
    assert (
        differences(
            {name: rows for name, rows in dump().items() if not name.endswith("import_traces")},
            with_it,
        )
        == ""
    )


@pytest.mark.parametrize("kind", KINDS)
def test_two_imports_of_the_same_undone_leave_nothing(kind: str, ours: UUID) -> None:
    theirs = new_id()
    before = dump()
    send(kind, *rows(kind, range(6)), import_id=ours)
    send(kind, *rows(kind, range(12, 24)), import_id=theirs)
    undo(ours)
    undo(theirs)
    nothing_left(before)


@pytest.mark.parametrize(
    ("kind", "is_before"),
    [
        *(("event", each) for each in (False, True)),
        *(("request", each) for each in (False, True)),
        ("conversation", True),  # days of one that an import had before are there at once
    ],
)
@pytest.mark.parametrize("is_derived_meanwhile", [False, True])
def test_rows_of_programs_that_wait_for_the_worker_stay_and_are_derived_once(
    kind: str, ours: UUID, *, is_before: bool, is_derived_meanwhile: bool
) -> None:
    theirs = rows(kind, range(3, 20, 2))
    if is_before:
        send(kind, *theirs, defers=True)
    send(kind, *rows(kind, range(24), by="i"), import_id=ours)
    if not is_before:
        send(kind, *theirs, defers=True)
    if is_derived_meanwhile:
        pending_events.derive_some(4)
    undo(ours)
    pending_events.derive_all()
    with_it = dump()
    empty_everything()
    send(kind, *theirs)
    assert differences(dump(), with_it) == ""
    assert [(check.table, check.examples) for check in verify.verify() if check.differences] == []
