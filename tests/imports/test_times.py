"""Times, in whatever way a file writes them."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.imports.cells import timestamps, units
from core.imports.mapping import ValueUnit
from core.platform.clock import EPOCH
from tests.imports.files import Folder, errors_of, known, mapping_of, rows_of

MARCH = "2026-03-04T05:06:07+00:00"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2026-03-04T05:06:07Z", MARCH),
        ("2026-03-04T07:06:07+02:00", MARCH),
        ("2026-03-04 00:06:07-0500", MARCH),
        ("2026-03-04 05:06:07 UTC", MARCH),
        ("2026-03-04T05:06:07.1234567Z", "2026-03-04T05:06:07.123456+00:00"),
        ("1772600767", MARCH),
        ("1772600767.5", "2026-03-04T05:06:07.500000+00:00"),
        ("1772600767000", MARCH),
        ("1772600767000000", MARCH),
        ("1772600767000000123", MARCH),
        ("Wed, 04 Mar 2026 05:06:07 GMT", MARCH),
        ("04/Mar/2026:05:06:07 +0000", MARCH),
        ("20260304T050607Z", MARCH),
        # German spreadsheets write a comma; all such rows were rejected
        ("1772600767,5", "2026-03-04T05:06:07.500000+00:00"),
    ],
)
def test_a_time_is_read_as_it_is_meant(folder: Folder, written: str, meant: str) -> None:
    rows = rows_of(
        folder.table(
            "timestamp event_type user_id",
            [written, "page.view", "u1"],
            [written, "page.view", "u2"],
        )
    )

    assert [row["created_at"] for row in rows] == [meant, meant]


def test_times_without_a_zone_are_asked_for_and_read_in_the_zone_that_is_said(
    folder: Folder,
) -> None:
    path = folder.table(
        "timestamp event_type",
        ["2026-03-04 05:06:07", "page.view"],
        ["2026-07-04 05:06:07.9799600", "page.view"],
    )

    [question] = [each for each in known(path).questions if each.default]
    rows = rows_of(path, mapping_of(path, zone="Europe/Berlin"))

    assert (question.key, question.default) == ("zone", "UTC")
    assert [row["created_at"] for row in rows] == [
        "2026-03-04T04:06:07+00:00",
        "2026-07-04T03:06:07.979960+00:00",
    ]


@pytest.mark.parametrize("mark", [".", ","])
def test_days_of_a_spreadsheet_are_dates_in_the_zone_that_is_said(
    folder: Folder, mark: str
) -> None:
    # Taken for seconds since some start, all rows came within some seconds of the import
    path = folder.write(
        f"timestamp;event_type\n46085{mark}2125810185;page.view\n46207{mark}5;page.view\n46208;a.b\n"
    )

    [question] = [each for each in known(path).questions if each.default]
    rows = rows_of(path, mapping_of(path, zone="Europe/Berlin"))

    assert (question.key, question.default) == ("zone", "UTC")
    assert [row["created_at"] for row in rows] == [
        "2026-03-04T04:06:07+00:00",
        "2026-07-04T10:00:00+00:00",
        "2026-07-04T22:00:00+00:00",
    ]


def test_what_is_no_date_of_a_spreadsheet_is_rejected() -> None:
    read = timestamps.reader(ValueUnit.SPREADSHEET_DATE, zone="UTC", start=None, zero=0)
    for wrong in ("tomorrow", "1772600767", "nan", None):
        with pytest.raises(ValueError, match="is not a time"):
            read(wrong)


def test_days_and_months_are_told_apart_by_days_that_are_no_months(folder: Folder) -> None:
    german = folder.table(
        "date event_type", ["03.04.2026 10:00", "a.b"], ["28.04.2026 10:00", "a.b"], name="german"
    )
    american = folder.table(
        "date event_type", ["04/03/2026 10:00", "a.b"], ["04/28/2026 10:00", "a.b"], name="american"
    )

    assert [row["created_at"][:10] for row in rows_of(german)] == ["2026-04-03", "2026-04-28"]
    assert [row["created_at"][:10] for row in rows_of(american)] == ["2026-04-03", "2026-04-28"]


def test_seconds_since_a_start_are_asked_for(folder: Folder) -> None:
    path = folder.write(
        "Timestamp,Model,Request tokens,Response "
        "tokens\n5,GPT-4,10,20\n45.5,GPT-4,10,20\n3600,GPT-4,1,1\n"
    )

    [question] = known(path).questions
    rows = rows_of(path, mapping_of(path, start=datetime(2026, 1, 2, tzinfo=UTC)))

    assert question.key == "start"
    assert [row["created_at"][11:] for row in rows] == [
        "00:00:05+00:00",
        "00:00:45.500000+00:00",
        "01:00:00+00:00",
    ]


def test_times_since_a_start_end_at_the_present_until_somebody_says_more(folder: Folder) -> None:
    path = folder.write(
        "Timestamp,Model,Request tokens,Response tokens\n"
        + "".join(f"{n * 86400},m,1,1\n" for n in range(121))
    )

    last = datetime.fromisoformat(rows_of(path)[-1]["created_at"])

    assert timedelta(0) <= datetime.now(UTC) - last < timedelta(minutes=5)


def test_a_clock_of_the_machine_begins_with_the_first_record(folder: Folder) -> None:
    path = folder.document(
        {
            "0": {"record_time": 14592657.5, "in_len": 4, "out_len": 1},
            "1": {"record_time": 14592659.0, "in_len": 4, "out_len": 1},
        }
    )

    rows = rows_of(path, mapping_of(path, start=datetime(2026, 1, 2, tzinfo=UTC)))

    assert [row["created_at"] for row in rows] == [
        "2026-01-02T00:00:00+00:00",
        "2026-01-02T00:00:01.500000+00:00",
    ]


def test_a_row_without_a_time_is_an_error_in_a_file_that_has_times(folder: Folder) -> None:
    path = folder.table(
        "timestamp event_type",
        ["2026-03-04T05:06:07Z", "a.b"],
        ["", "a.b"],
        ["soon", "a.b"],
        ["2026-03-04T05:06:07Z", "a.b"],
    )

    assert errors_of(path) == [
        (2, 3, "created_at: missing in this row"),
        (3, 4, "created_at: “soon” is not a time"),
    ]


@given(
    st.datetimes(datetime(1991, 1, 1), datetime(2099, 1, 1)).map(lambda at: at.replace(tzinfo=UTC))  # noqa: DTZ001
)
def test_every_epoch_is_told_by_its_size(at: datetime) -> None:
    whole = at.replace(microsecond=at.microsecond // 1000 * 1000)
    micros = (whole - EPOCH) // timedelta(microseconds=1)
    for unit, number in (
        (ValueUnit.MILLISECONDS, micros // 1000),
        (ValueUnit.MICROSECONDS, micros),
        (ValueUnit.NANOSECONDS, micros * 1000),
    ):
        assert units.of_times([number]) is unit
        assert (
            timestamps.reader(unit, zone=None, start=None, zero=0)(str(number)) == whole.isoformat()
        )


@pytest.mark.parametrize(
    "garbage", ["soon", True, [], {"a": 1}, "99999999999999999999999", float("inf")]
)
def test_what_is_no_time_is_refused_in_words(garbage: object) -> None:
    for unit in ValueUnit:
        if unit in list(ValueUnit)[:9]:
            try:
                timestamps.reader(unit, zone="UTC", start=None, zero=0)(garbage)
            except ValueError as error:
                assert str(error)  # noqa: PT017


@pytest.mark.parametrize(
    "written", ["2026-03-04 05:06:07" + " " * 200_000 + "x", "2026-03-04 " + "UTC" * 200_000]
)
def test_a_long_text_is_no_time(written: str) -> None:
    with pytest.raises(ValueError, match="is not a time"):
        timestamps.reader(ValueUnit.ISO, zone=None, start=None, zero=0)(written)
