"""Objects that many rows add up to stay as small as a row may be."""

import itertools
import json
from typing import Any

import pytest

from core.database import field_versions
from core.database.field_versions import MOST_BYTES, MOST_FIELDS, VersionedFields
from core.ingest import bodies, json_limits

LONG = "x" * (MOST_BYTES // 3)
REPORTS = [({f"field {number}": LONG}, [number]) for number in range(4)]


def merged(reports: Any) -> VersionedFields:  # noqa: ANN401  pairs of fields and a version
    fields = VersionedFields({"traits": {}}, {})
    for given, version in reports:
        fields.merge({"traits": given}, version)
    fields.drop_excess()
    return fields


@pytest.mark.parametrize("reports", list(itertools.permutations(REPORTS)))
def test_the_newest_fields_stay_in_whatever_order_they_come(reports: Any) -> None:  # noqa: ANN401
    fields = merged(reports)
    assert set(fields.values["traits"]) == {"field 2", "field 3"}
    assert set(fields.versions) == {"traits.field 2", "traits.field 3"}
    assert len(json.dumps(fields.values["traits"])) <= MOST_BYTES


def test_an_object_may_have_as_much_as_a_row() -> None:
    assert (MOST_BYTES, MOST_FIELDS) == (bodies.MAX_ROW_BYTES, json_limits.MOST_VALUES)


def test_as_much_as_one_row_may_have_stays_whole() -> None:
    row = {str(number): 1 for number in range(MOST_FIELDS)}
    assert merged([({"old": 1}, [1]), (row, [2])]).values["traits"] == row


def test_very_many_fields_of_one_batch_are_dropped_before_all_of_it_is_merged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(field_versions, "MOST_FIELDS", 10)
    fields = VersionedFields({"traits": {}}, {})
    for number in range(100):
        fields.merge({"traits": {str(number): 1}}, [number])
        assert len(fields.values["traits"]) == len(fields.versions) <= 20
    assert "99" in fields.values["traits"]


def test_a_field_that_was_dropped_and_is_told_anew_is_there_again() -> None:
    assert "field 0" in merged([*REPORTS, ({"field 0": 1}, [9])]).values["traits"]
