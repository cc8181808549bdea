"""Lists say how much of them can be leafed through."""

import re
import tomllib

import pytest
from streamlit.proto.Dataframe_pb2 import Dataframe as DataframeProto
from streamlit.testing.v1 import AppTest

from core.platform.config import ROOT


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
def test_a_list_has_as_many_pages_as_it_needs_and_says_when_there_are_more(total: int, pages: list[int], said: list[str]) -> None:
    app = AppTest.from_function(page, args=(total,)).run()
    assert not app.exception
    assert [each.proto.num_pages for each in app.get("pagination")] == pages
    assert [each.value for each in app.caption] == said


def test_tables_offer_no_file_that_knows_nothing_of_formulas_and_of_the_audit_log() -> None:
    assert tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())["client"]["disableDataExport"] is True


def two_tables() -> None:
    """Draw a table of rows to read, and one of rows to open."""
    import pandas as pd  # noqa: PLC0415  AppTest runs these lines apart

    from pages._ui import tables  # noqa: PLC0415

    rows = pd.DataFrame({"User": ["a", "b"]})
    tables.show(rows, "to read", key="read")
    tables.show(rows, "to open", key="open", on_pick=print)
    tables.choose(rows, "to choose", key="choose")
    tables.choose_many(rows, "to choose many", key="many")


def test_headers_of_all_tables_select_a_column_and_sort_nothing() -> None:
    app = AppTest.from_function(two_tables).run()
    assert not app.exception
    modes = [set(each.proto.selection_mode) for each in app.dataframe]
    assert all(DataframeProto.SINGLE_COLUMN in each for each in modes)
    assert len(modes) == 4


def test_every_table_of_the_console_is_drawn_in_one_place() -> None:
    drawn = [path.name for path in (ROOT / "pages").rglob("*.py") if re.search(r"st\.(dataframe|table)\(", path.read_text())]
    assert drawn == ["tables.py"]
