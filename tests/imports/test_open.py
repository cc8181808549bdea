"""Files that are opened: packed or not, in any encoding, and such as nothing can read."""

import gzip
import io
import json

import pandas as pd
import pytest

from core.imports.containers.files import FileUnreadable, inspect
from core.imports.ingest.reading import read
from core.imports.parsed import RowKind
from tests.imports.files import Folder, errors_of, known, mapping_of, rows_of
from tests.imports.unreadable import UNREADABLE

EVENTS = (
    "timestamp,event_type,user_id,note\n2026-03-04T05:06:07Z,page.view,u1,é: “x” "
    "€\n2026-03-04T05:06:08Z,page.view,u2,ü\n"
)
TABLE = [
    {"timestamp": "2026-03-04T05:06:07Z", "event_type": "page.view", "user_id": f"u{n}", "n": n}
    for n in range(5)
]


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"]
)
@pytest.mark.parametrize("packed", [False, True])
def test_every_encoding_reads_the_same(folder: Folder, encoding: str, packed: bool) -> None:
    path = folder.write(EVENTS.encode(encoding), packed=packed)

    assert [row["event_data"]["note"] for row in rows_of(path)] == ["é: “x” €", "ü"]


def test_bytes_of_two_encodings_in_one_file_are_both_read(folder: Folder) -> None:
    path = folder.write(
        "timestamp,event_type,note\n2026-03-04T05:06:07Z,a.b,é\n".encode()
        + "2026-03-04T05:06:08Z,a.b,é\n".encode("latin-1")
    )

    assert [row["event_data"]["note"] for row in rows_of(path)] == ["é", "é"]


@pytest.mark.parametrize("packed", [False, True])
def test_all_containers_give_the_same_rows(folder: Folder, packed: bool) -> None:
    frame = pd.DataFrame(TABLE)
    parquet = io.BytesIO()
    frame.to_parquet(parquet)
    contents = {
        "csv": frame.to_csv(index=False).encode(),
        "tsv": frame.to_csv(index=False, sep="\t").encode(),
        "semicolons": frame.to_csv(index=False, sep=";").encode(),
        "json": json.dumps(TABLE).encode(),
        "object": json.dumps({"exported": "today", "events": TABLE}).encode(),
        "jsonl": "\n".join(map(json.dumps, TABLE)).encode(),
        "parquet": parquet.getvalue(),
    }

    found = {
        name: rows_of(folder.write(data, name, packed=packed)) for name, data in contents.items()
    }

    for rows in found.values():
        assert [
            (row["user_id"], row["created_at"], int(row["event_data"]["n"])) for row in rows
        ] == [(f"u{n}", "2026-03-04T05:06:07+00:00", n) for n in range(5)]


def test_reading_goes_on_where_it_stopped(folder: Folder) -> None:
    frame = pd.DataFrame([{**row, "n": n} for n, row in enumerate(TABLE * 1000)])
    frame.to_parquet(folder.path / "parquet", row_group_size=700)
    files = [
        folder.write(frame.to_csv(index=False), "csv"),
        folder.write(frame.to_json(orient="records"), "json"),
        folder.write(frame.to_json(orient="records", lines=True), "jsonl"),
        folder.path / "parquet",
    ]

    for path in files:
        mapping = mapping_of(path)
        whole = list(read(path, mapping))
        for skip in (1, 700, 4999, 5000):
            assert list(read(path, mapping, skip)) == whole[skip:]


def test_cells_may_hold_quotes_and_newlines(folder: Folder) -> None:
    text = 'one "two"\nthree, four\r\nfive'
    path = folder.table(
        "timestamp event_type note", ["2026-03-04T05:06:07Z", "a.b", text], ["x", "a.b", "y"]
    )

    [good, bad] = read(path, mapping_of(path))

    assert good.row is not None
    assert good.row["event_data"]["note"] == text
    assert (bad.position, bad.line, bad.error) == (2, 5, "created_at: “x” is not a time")


def test_nul_and_half_characters_are_left_out_or_marked(folder: Folder) -> None:
    table = folder.write("timestamp,event_type,note\n2026-03-04T05:06:07Z,a.b,on\0e\n", "table")
    lines = folder.write(
        '{"timestamp": "2026-03-04T05:06:07Z", "event_type": "a.b", "note": "\\ud800x"}\n' * 2,
        "lines",
    )
    document = folder.write(
        '[{"timestamp": "2026-03-04T05:06:07Z", "event_type": "a.b", "note": "\\ud800x"}]',
        "document",
    )

    assert rows_of(table)[0]["event_data"]["note"] == "one"
    assert rows_of(lines)[0]["event_data"]["note"] == "?x"
    assert rows_of(document)[0]["event_data"]["note"] == "?x"


def test_numbers_that_are_none_are_nothing(folder: Folder) -> None:
    lines = folder.write(
        '{"timestamp": 1772600767, "model": "m", "input_tokens": 5, "latency_ms": NaN}\n' * 2,
        "lines",
    )
    document = folder.write(
        '[{"timestamp": 1772600767, "model": "m", "input_tokens": 5, "latency_ms": NaN}]',
        "document",
    )

    for path in (lines, document):
        assert [row["input_tokens"] for row in rows_of(path)] == [5] * len(rows_of(path))
        assert "total_latency_ms" not in rows_of(path)[0]


def test_three_thousand_columns_are_a_table(folder: Folder) -> None:
    columns = " ".join(["timestamp", "event_type", *(f"c{n}" for n in range(3000))])
    path = folder.table(
        columns,
        ["2026-03-04T05:06:07Z", "a.b", *range(3000)],
        ["2026-03-04T05:06:07Z", "a.b", *range(3000)],
    )

    assert len(rows_of(path)[0]["event_data"]) == 3000


def test_a_row_of_another_width_is_an_error_and_a_short_one_is_not(folder: Folder) -> None:
    path = folder.write(
        "timestamp,event_type,note\n2026-03-04T05:06:07Z,a.b,x\n2026-03-04T05:06:07Z,a.b,x,y\n2026-03-04T05:06:07Z,a.b\n"
    )

    assert errors_of(path) == [(2, 3, "the row has 4 cells, but the table has 3 columns")]


def test_a_bad_line_of_json_costs_only_itself(folder: Folder) -> None:
    good = '{"timestamp": "2026-03-04T05:06:07Z", "event_type": "a.b"}\n'
    path = folder.write(good + "{oops\n\n" + good + '{"a": ' * 5000 + "\n" + good)

    errors = errors_of(path)

    assert [(position, line) for position, line, _ in errors] == [(2, 2), (4, 5)]
    assert len(list(read(path, mapping_of(path)))) == 5


@pytest.mark.parametrize("kind", ["json", "gzip", "parquet"])
def test_a_file_that_breaks_off_keeps_what_was_read_and_says_so(folder: Folder, kind: str) -> None:
    rows = [
        {
            "timestamp": "2026-03-04T05:06:07Z",
            "event_type": "a.b",
            "n": n,
            "x": f"{n * 7919 % 10007}",
        }
        for n in range(20_000)
    ]
    frame = pd.DataFrame(rows)
    frame.to_parquet(folder.path / "whole", row_group_size=1000)
    data = {
        "json": json.dumps(rows).encode()[:-900],
        "gzip": gzip.compress(frame.to_csv(index=False).encode())[:-3000],
        "parquet": (folder.path / "whole").read_bytes()[:-3000],
    }[kind]
    path = folder.write(data)
    if kind == "parquet":  # its table of contents stands at the end
        with pytest.raises(FileUnreadable):
            known(path)
        return

    parsed = list(read(path, mapping_of(path)))

    assert len(parsed) > 10_000
    assert [each.error is None for each in parsed[-2:]] == [True, False]
    assert parsed[-1].position == parsed[-2].position + 1


@pytest.mark.parametrize(("content", "words"), UNREADABLE, ids=[words for _, words in UNREADABLE])
def test_what_nothing_can_read_is_refused_in_words(
    folder: Folder, content: bytes, words: str
) -> None:
    path = folder.write(content)

    with pytest.raises(FileUnreadable, match=words):
        list(read(path, mapping_of(path)))


def test_a_table_that_tells_nothing_is_left_to_a_person(folder: Folder) -> None:
    found = known(folder.table("a b", [1, 2], [3, 4]))

    assert (found.kind, found.mapping, found.not_yet) == (None, None, None)
    assert [column.path for column in found.columns] == ["a", "b"]
    assert found.notes[-1].startswith("Could not detect")


def test_a_table_without_names_calls_its_columns_by_their_places(folder: Folder) -> None:
    path = folder.write("2026-03-04T05:06:07Z,page.view,u1\n2026-03-04T05:06:08Z,page.view,u2\n")

    found = known(path)

    assert [column.path for column in found.columns] == ["column_1", "column_2", "column_3"]
    assert any("No column names" in note for note in found.notes)


def test_a_record_without_an_end_is_not_held_in_memory(folder: Folder) -> None:
    path = folder.path / "endless"
    with path.open("w") as file:
        file.write('[{"timestamp": "2026-03-04T05:06:07Z", "event_type": "a.b"}, {"x": "')
        for _ in range(40):
            file.write("x" * (1 << 20))
        file.write('"}]')

    [good, bad] = read(path, mapping_of(path))

    assert good.row is not None
    assert bad.kind is RowKind.EVENTS
    assert "more than 32 MiB" in str(bad.error)


def test_a_line_without_an_end_costs_only_itself(folder: Folder) -> None:
    good = "2026-03-04T05:06:07Z,a.b,x\n"
    path = folder.write(
        "timestamp,event_type,note\n"
        + good
        + "2026-03-04T05:06:07Z,a.b,"
        + "x" * (9 << 20)
        + "\n"
        + good
    )

    parsed = list(read(path, mapping_of(path)))

    assert [each.error is None for each in parsed] == [True, False, True]


def test_a_row_that_is_too_long_is_reported_once_when_reading_goes_on_after_it(
    folder: Folder,
) -> None:
    good = "2026-03-04T05:06:07Z,a.b,x\n"
    endless = '2026-03-04T05:06:07Z,a.b,"' + ("x" * 1000 + "\n") * 1500 + '"\n'
    path = folder.write("timestamp,event_type,note\n" + good * 400 + endless + good)
    mapping = mapping_of(path)

    whole = list(read(path, mapping))

    assert [each.error is None for each in whole[399:401]] == [True, False]
    assert list(read(path, mapping, 401)) == whole[401:]


@pytest.mark.parametrize(
    ("encoding", "notes"),
    [("utf-8", []), ("utf-8-sig", []), ("utf-16", ["Text encoding: UTF-16."])],
)
def test_an_encoding_is_only_mentioned_where_it_is_not_utf_8(
    folder: Folder, encoding: str, notes: list[str]
) -> None:
    assert inspect(folder.write(EVENTS.encode(encoding))).notes == notes
