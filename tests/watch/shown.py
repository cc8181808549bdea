"""What a page shows of an answer, what its file has of it, and that they are the same."""

import csv
import io
import json
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx2
import pandas as pd
from streamlit.testing.v1 import AppTest

from core.presentation import formatting
from core.presentation.formatting import FigureUnit

Query = dict[str, str]
Row = dict[str, str]


def got(door: httpx2.Client, path: str, query: Query) -> Any:  # noqa: ANN401  any JSON
    """Return what the API answers."""
    answer = door.get(path if path.startswith("/") else f"/api/v1/admin/{path}", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def linked(door: httpx2.Client, app: AppTest, label: str = "Export CSV") -> tuple[list[Row], Any]:
    """Return what a link of the page brings: the rows of the file, and what the API answers to the
    same question.
    """
    [address] = [each.proto.url for each in app.get("link_button") if each.proto.label == label]
    path, query = urlsplit(address).path, dict(parse_qsl(urlsplit(address).query))
    assert query.pop("format") == "csv"
    file = door.get(f"{path}?{urlencode({**query, 'format': 'csv'})}")
    assert file.headers["content-type"].startswith("text/csv")
    return list(csv.DictReader(io.StringIO(file.text.lstrip("\ufeff")))), got(door, path, query)


def table(app: AppTest, *columns: str) -> pd.DataFrame:
    """Return the table that has these columns; without rows when the page has none such."""
    found = [each.value for each in app.dataframe if set(columns) <= set(each.value.columns)]
    return found[0] if found else pd.DataFrame()


def cells(given: pd.DataFrame, name: str) -> list[Any]:
    """Return a column, None where there is nothing."""
    return (
        []
        if given.empty
        else [None if isinstance(each, float) and pd.isna(each) else each for each in given[name]]
    )


def same_as_file(items: list[dict[str, Any]], rows: list[Row]) -> None:
    """Check that a file has the items of the answer, field by field."""
    assert len(items) == len(rows)
    for item, row in zip(items, rows, strict=True):
        for name, value in item.items():
            if not isinstance(value, dict | list):
                assert row[name] == ("" if value is None else str(value)), name


def same_kpis(app: AppTest, items: list[dict[str, Any]]) -> None:
    """Check that the page shows the API's KPIs."""
    shown = {each.label: each.value for each in app.metric}
    assert shown == {
        each["label"]: formatting.figure(each["value"], FigureUnit(each["unit"])) for each in items
    }


def drawn(app: AppTest, key: str, name: str = "") -> list[list[Any]]:
    """Return the heights of a chart: of each line or set of bars, or of those of a name."""
    [found] = [each for each in app.get("bidi_component") if each.proto.id.endswith(key)]
    return [
        each["y"]
        for each in json.loads(json.loads(found.proto.json)["figure"])["data"]
        if "y" in each and name in each.get("name", "")
    ]


def file_of(door: httpx2.Client, path: str, query: Query) -> list[Row]:
    """Return the rows of the file of a question to the API."""
    file = door.get(f"/api/v1/admin/{path}", params={**query, "format": "csv"})
    return list(csv.DictReader(io.StringIO(file.text.lstrip("\ufeff"))))
