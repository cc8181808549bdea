"""Lists say how much of them can be leafed through, and their headers sort on the server."""

import json
import re
import tomllib
from datetime import datetime

import pytest
from streamlit.proto.Dataframe_pb2 import Dataframe as DataframeProto
from streamlit.testing.v1 import AppTest

from core.platform.config import ROOT
from pages._ui import columns
from pages._ui.tables import Sorting, TableColumn


def page(total: int) -> None:
    """Draw the way to the other pages."""
    from pages._ui import tables  # noqa: PLC0415  AppTest runs these lines apart

    tables.draw_pages(total, 10, "list", most=20)


@pytest.mark.parametrize(
    ("total", "pages", "said"),
    [
        (10, [], []),
        (11, [2], []),
        (200, [20], []),
        (12_345, [20], ["Showing 200 of 12,345 · narrow the filters to see the rest"]),
    ],
)
def test_a_list_has_as_many_pages_as_it_needs_and_says_when_there_are_more(
    total: int, pages: list[int], said: list[str]
) -> None:
    app = AppTest.from_function(page, args=(total,)).run()
    assert not app.exception
    assert [each.proto.num_pages for each in app.get("pagination")] == pages
    assert [each.value for each in app.caption] == said


def test_tables_offer_no_file_that_knows_nothing_of_formulas_and_of_the_audit_log() -> None:
    assert (
        tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())["client"][
            "disableDataExport"
        ]
        is True
    )


def three_tables() -> None:
    """Draw a table of rows to read, one of rows to open, and one of rows to select."""
    from pages._ui import tables  # noqa: PLC0415  AppTest runs these lines apart
    from pages._ui.columns import text  # noqa: PLC0415

    rows, columns = ["a", "b"], [text("User", str)]
    tables.draw(rows, columns, "to read", key="read")
    tables.draw(rows, columns, "to open", key="open", on_open=print)
    tables.choose_many(rows, columns, "to choose many", key="many", most=5)


def test_headers_of_all_tables_select_a_column_and_sort_nothing_in_the_browser() -> None:
    app = AppTest.from_function(three_tables).run()
    assert not app.exception
    modes = [set(each.proto.selection_mode) for each in app.dataframe]
    assert all(DataframeProto.SINGLE_COLUMN in each for each in modes)
    assert len(modes) == 3


def durations() -> None:
    """Draw a row with a formatted number."""
    from pages._ui import columns, tables  # noqa: PLC0415  AppTest runs these lines apart

    tables.draw(["840 ms"], [columns.figure("p95", str)], "durations", key="durations")


def test_formatted_numbers_are_aligned_as_numbers_are() -> None:
    app = AppTest.from_function(durations).run()
    assert not app.exception
    assert json.loads(app.dataframe[0].proto.columns)["p95"]["alignment"] == "right"


def tagged_rows(tags: list[str]) -> None:
    """Draw two rows, the second with tags."""
    from pages._ui import columns, tables  # noqa: PLC0415  AppTest runs these lines apart
    from pages._ui.tables import TableColumn  # noqa: PLC0415

    read: list[TableColumn[list[str]]] = [
        columns.text("User", str),
        columns.tags("Tags", lambda row: row, width=80),
    ]
    tables.draw([[], tags], read, "to read", key="tagged")


@pytest.mark.parametrize(
    ("tags", "shown"), [([], ["User"]), (["refund"], ["User", "Tags"])], ids=["none", "one"]
)
def test_a_column_of_tags_is_absent_where_no_row_has_any(tags: list[str], shown: list[str]) -> None:
    app = AppTest.from_function(tagged_rows, args=(tags,)).run()
    assert not app.exception
    assert list(app.dataframe[0].value.columns) == shown


def sorting(order: str) -> Sorting:
    return Sorting(order, chosen.append)


chosen: list[str] = []
SEEN: TableColumn[datetime] = columns.moment(
    "Seen", lambda row: row, "UTC", orders={"-seen": "↓", "seen": "↑"}
)


def test_a_header_sorts_by_its_first_order_and_then_the_other_way_round() -> None:
    chosen.clear()
    for order in ("name", "-seen", "seen"):
        sorting(order).follow(SEEN)
    assert chosen == ["-seen", "seen", "-seen"]


def test_the_header_of_the_order_has_an_arrow() -> None:
    assert [sorting(order).label(SEEN) for order in ("name", "-seen", "seen")] == [
        "Seen",
        "Seen ↓",
        "Seen ↑",
    ]


def test_a_header_without_an_order_sorts_nothing() -> None:
    chosen.clear()
    sorting("name").follow(columns.text("Email", str))
    assert chosen == []


def test_a_long_text_is_cut_and_says_so() -> None:
    assert columns.text("Comment", str).value("x" * 500) == "x" * 199 + "…"


def test_every_table_of_the_console_is_drawn_in_one_place() -> None:
    # Streamlit's own sorting and search see the rows of one page alone
    drawn = [
        path.name
        for path in (ROOT / "pages").rglob("*.py")
        if re.search(r"st\.(dataframe|table)\(", path.read_text())
    ]
    assert drawn == ["tables.py"]


def a_list_whose_row_is_elsewhere() -> None:
    """Draw a page of a list without the row that the address names."""
    import streamlit as st  # noqa: PLC0415  AppTest runs these lines apart

    from pages._ui import dialogs  # noqa: PLC0415

    def read(id_: str) -> str:
        return f"read by its ID: {dialogs.id_of(id_)}"

    dialogs.begin_run()
    rows: list[str] = []

    def show(row: str) -> None:
        st.markdown(row)

    dialogs.draw_opened(rows, "Row", show, read)
    dialogs.draw_opened(rows, "Other", print, dialogs.no_read)


ELSEWHERE = "01934f6e-0000-7000-8000-000000000001"


def drawer_of(row: str) -> list[str]:
    app = AppTest.from_function(a_list_whose_row_is_elsewhere)
    app.query_params["row"] = row
    app.run()
    assert not app.exception
    return [each.value for each in (*app.markdown, *app.caption)]


def test_a_row_of_another_page_of_the_list_is_read_by_its_id() -> None:
    assert drawer_of(ELSEWHERE) == [f"read by its ID: {ELSEWHERE}"]


def test_a_row_that_does_not_exist_says_so_in_one_sentence() -> None:
    assert drawer_of("nothing")[1:] == ["It was deleted, or is on another page of this list."]


def shrinking_list() -> None:
    """Draw a page of a list of rows that a test removes."""
    import streamlit as st  # noqa: PLC0415  AppTest runs these lines apart

    from pages._ui import columns, tables  # noqa: PLC0415

    rows = st.session_state.setdefault("rows", [str(number) for number in range(21)])
    page = tables.window("list", 10).page_of(rows)
    shown = [columns.text("Row", str)]
    tables.draw_page(page, shown, "row", name="rows", at="list")


@pytest.mark.parametrize(("left", "shown"), [(20, 10), (12, 2), (7, 7), (0, 0)])
def test_a_page_whose_last_row_is_deleted_gives_way_to_the_last_page(left: int, shown: int) -> None:
    app = AppTest.from_function(shrinking_list)
    app.session_state["list.page"] = 3
    app.run()
    assert list(app.dataframe[0].value["Row"]) == ["20"]
    app.session_state["rows"] = app.session_state["rows"][:left]
    app.session_state["list.page"] = 3
    app.run()
    assert not app.exception
    assert len(app.dataframe[0].value) == shown


def names(name: str) -> None:
    """Draw a table of a name beside a number."""
    from pages._ui import columns, tables  # noqa: PLC0415  AppTest runs these lines apart

    shown: list[TableColumn[str]] = [
        columns.text("Model", str, widest=150),
        columns.number("Requests", len),
    ]
    tables.draw([name, "b"], shown, "models", key="models")


@pytest.mark.parametrize(("name", "is_cut"), [("gpt-4.1", False), ("accounts/" * 9, True)])
def test_a_long_name_leaves_the_other_columns_in_sight(name: str, is_cut: bool) -> None:
    # A model's name of 80 characters pushed every figure out of sight
    app = AppTest.from_function(names, args=(name,)).run()
    assert not app.exception
    config = json.loads(app.dataframe[0].proto.columns)
    assert config["Model"].get("width") == (150 if is_cut else None)


def heights() -> None:
    """Say how high a table of few rows is, and one of thousands."""
    import streamlit as st  # noqa: PLC0415  AppTest runs these lines apart

    from pages._ui import tables  # noqa: PLC0415

    for rows in (3, 2000):
        st.caption(str(tables.height(rows, None)))


def test_a_table_of_thousands_scrolls_because_browsers_leave_too_high_a_canvas_blank() -> None:
    app = AppTest.from_function(heights).run()
    assert not app.exception
    few, thousands = (int(each.value) for each in app.caption)
    # Where two pixels of a screen are one of a page, a canvas has at most 32,767
    assert few < thousands < 32_767 / 2
