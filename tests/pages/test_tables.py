"""Lists say how much of them can be leafed through."""

import tomllib

import pytest
from streamlit.testing.v1 import AppTest

from core.config import ROOT


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
        (12_345, [20], ["The first 200 of 12,345 can be leafed through; filters show the others."]),
    ],
)
def test_a_list_has_as_many_pages_as_it_needs_and_says_when_there_are_more(total: int, pages: list[int], said: list[str]) -> None:
    app = AppTest.from_function(page, args=(total,)).run()
    assert not app.exception
    assert [each.proto.num_pages for each in app.get("pagination")] == pages
    assert [each.value for each in app.caption] == said


def test_tables_offer_no_file_that_knows_nothing_of_formulas_and_of_the_audit_log() -> None:
    assert tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())["client"]["disableDataExport"] is True
