"""The undo of an import leaves the tables as if it had never been, whatever others have sent before, between and after."""

from uuid import UUID

import pytest

from core.ids import new_id
from core.imports.undo import undo
from core.system import verify
from tests.factories.imports import KINDS, differences, dump, empty_everything, rows, send

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
