"""Units and decimal marks are taken from the names of columns, and from how their values are
written.
"""

import pytest

from core.imports.cells import previews, units, values
from core.imports.mapping import FieldRule, Mapping, ValueType, ValueUnit
from core.imports.parsed import RowKind
from core.imports.recognition import field_rules
from tests.imports.files import Folder, rows_of

AT = "2026-03-04T05:06:07Z"


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("Dauer (s)", ValueUnit.SECONDS),
        ("Dauer [ms]", ValueUnit.MILLISECONDS),
        ("Dauer (µs)", ValueUnit.MICROSECONDS),
        ("Dauer (μs)", ValueUnit.MICROSECONDS),
        ("latency_us", ValueUnit.MICROSECONDS),
        ("Antwortzeit in Sekunden", ValueUnit.SECONDS),
        ("Laufzeit/min", ValueUnit.MINUTES),
        ("durée (sec)", ValueUnit.SECONDS),
        ("temps de réponse en millisecondes", ValueUnit.MILLISECONDS),
        ("duración en segundos", ValueUnit.SECONDS),
        ("durata (minuti)", ValueUnit.MINUTES),
        ("duration_h", ValueUnit.HOURS),
        ("durationMs", ValueUnit.MILLISECONDS),
        ("耗时(毫秒)", ValueUnit.MILLISECONDS),
        ("время, мс", ValueUnit.MILLISECONDS),
        ("所要時間（秒）", ValueUnit.SECONDS),
        ("応答時間（ミリ秒）", ValueUnit.MILLISECONDS),
        ("min_latency", None),
        ("latency", None),
        ("sessions", None),
    ],
)
def test_the_unit_of_a_duration_is_in_its_name(name: str, unit: ValueUnit | None) -> None:
    assert units.named_duration(name) is unit


@pytest.mark.parametrize(
    ("name", "value", "milliseconds"),
    [
        ("Dauer (s)", "12", 12_000),
        ("Dauer (s)", "1,5", 1_500),
        ("Dauer (min)", "2", 120_000),
        ("durée (ms)", "1500", 1_500),
    ],
)
def test_durations_in_other_languages_are_stored_in_milliseconds(
    folder: Folder, name: str, value: str, milliseconds: int
) -> None:
    path = folder.write(f"Zeitpunkt;Modell;{name}\n{AT};gpt-4o;{value}\n")

    assert rows_of(path)[0]["total_latency_ms"] == milliseconds


@pytest.mark.parametrize(
    ("written", "milliseconds"),
    [
        ("1m 2s", 62_000),
        ("1m2.5s", 62_500),
        ("1h0m0.25s", 3_600_250),
        ("2 min 5 sec", 125_000),
        ("1 h 30 min", 5_400_000),
        ("350.5µs", 0),
    ],
)
def test_a_duration_of_several_units_is_their_sum(written: str, milliseconds: int) -> None:
    rule = FieldRule(path="elapsed", as_=ValueType.DURATION, unit=ValueUnit.MILLISECONDS)
    read = values.reader("total_latency_ms", rule, Mapping(kind=RowKind.AI_REQUESTS))
    assert read(written) == milliseconds


@pytest.mark.parametrize("written", ["1m 2x", "2m s", "s", "5 s 3 ms x", "5 s," * 9])
def test_a_duration_of_unknown_parts_is_refused(written: str) -> None:
    rule = FieldRule(path="elapsed", as_=ValueType.DURATION, unit=ValueUnit.MILLISECONDS)
    read = values.reader("total_latency_ms", rule, Mapping(kind=RowKind.AI_REQUESTS))
    with pytest.raises(ValueError, match="is not a duration"):
        read(written)


def test_a_column_that_a_person_maps_is_read_in_the_unit_of_its_name() -> None:
    rule = field_rules.choose(
        "total_latency_ms", "Wartedauer (s)", ["12", "700"], RowKind.AI_REQUESTS
    )

    assert (rule.as_, rule.unit) == (ValueType.DURATION, ValueUnit.SECONDS)


def test_three_values_are_shown_as_they_will_be_stored() -> None:
    rule = FieldRule(path="Dauer (s)", as_=ValueType.DURATION, unit=ValueUnit.SECONDS)
    mapping = Mapping(kind=RowKind.AI_REQUESTS, fields={"total_latency_ms": rule})

    assert previews.stored("total_latency_ms", rule, mapping, ["1.5", "12", "soon"]) == [
        "1,500 ms",
        "12,000 ms",
        "rejected",
    ]


@pytest.mark.parametrize(
    ("written", "plain", "with_comma"),
    [
        ("1,5", 1.5, 1.5),
        ("1.234,5", 1234.5, 1234.5),
        ("1,234.5", 1234.5, 1234.5),
        ("1,234", 1234, 1.234),
        ("1.234", 1.234, 1234),
        ("0,123", 0.123, 0.123),
        ("12 000,5", 12000.5, 12000.5),
        ("1'200", 1200, 1200),
    ],
)
def test_decimal_commas_are_read_as_such(written: str, plain: float, with_comma: float) -> None:
    assert values.number(written) == plain
    assert values.number(written, comma=True) == with_comma


def test_a_column_with_decimal_commas_has_points_between_thousands(folder: Folder) -> None:
    path = folder.write(
        f"Zeitpunkt;Modell;Dauer (ms);cost_usd\n{AT};gpt-4o;1.234;0,0042\n{AT};gpt-4o;12,5;0,01\n"
    )

    first, _ = rows_of(path)

    assert (first["total_latency_ms"], first["cost_usd"]) == (1234, "0.0042")


def test_the_name_of_a_column_may_have_any_length() -> None:
    assert units.named_duration("( " * 100_000 + "]]x") is None
    assert units.named_duration("x" * 100_000 + " (s)") is ValueUnit.SECONDS


def test_thumbs_are_read_with_a_hyphen_too(folder: Folder) -> None:
    rows = [(AT, "thumbs-up", "a"), (AT, "Thumbs-Down", "b"), (AT, "thumbs-up", "c")]
    path = folder.table("timestamp rating comment", *rows)

    assert [row["rating"] for row in rows_of(path)] == [1, -1, 1]
