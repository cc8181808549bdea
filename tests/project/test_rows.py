"""docs/rows.md names each field of each kind of row."""

import re

import msgspec
import pytest

from api.routes.ingest.rows import KINDS
from core.conversations.schemas import NewMessage
from core.ingest.rows import Row
from core.platform.config import ROOT

TEXT = (ROOT / "docs" / "rows.md").read_text()
COMMON, *PARTS = re.split(r"^## ", TEXT, flags=re.MULTILINE)
SECTIONS = {kind: part for part in PARTS for kind in part.partition("\n")[0].split(" and ")}
OF_ALL = {field.name for field in msgspec.structs.fields(Row)}


def required(struct: type[msgspec.Struct]) -> set[str]:
    return {field.name for field in msgspec.structs.fields(struct) if field.required}


def test_each_kind_has_its_section() -> None:
    assert set(SECTIONS) == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_each_field_is_named_and_the_required_ones_in_bold(kind: str) -> None:
    row = KINDS[kind].row
    names = {field.name for field in msgspec.structs.fields(row)} - OF_ALL
    assert sorted(name for name in names if f"`{name}`" not in SECTIONS[kind]) == []
    assert sorted(name for name in required(row) if f"**`{name}`**" not in SECTIONS[kind]) == []


def test_fields_of_all_rows_and_of_messages_are_named() -> None:
    assert sorted(name for name in OF_ALL if f"`{name}`" not in COMMON) == []
    section = SECTIONS["conversations"] + SECTIONS["ai-requests"]
    fields = {field.name for field in msgspec.structs.fields(NewMessage)} - {"extra"}
    assert sorted(name for name in fields if f"`{name}`" not in section) == []
    assert sorted(name for name in required(NewMessage) if f"**`{name}`**" not in section) == []
