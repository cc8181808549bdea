"""Columns of tables, by what they hold: text, times, numbers, chips."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from operator import itemgetter
from typing import TypeVar
from zoneinfo import ZoneInfo

import streamlit as st

from pages._ui import text as texts
from pages._ui.tables import TableColumn

Row = TypeVar("Row")
Orders = Mapping[str, str]
Chip = str | None
LONGEST = 200
SMALL = 10  # US dollars
NO_ORDERS: Orders = {}
config = st.column_config


def text(
    label: str,
    value: Callable[[Row], str | None],
    *,
    width: int | None = None,
    widest: int | None = None,
    help: str | None = None,
    is_optional: bool = False,
    orders: Orders = NO_ORDERS,
) -> TableColumn[Row]:
    """Return a column of single lines, cut at 200 characters; the drawer shows the whole text.

    Where a text is longer than the `widest` pixels, the column has that width, else its own.
    """

    def shown(row: Row) -> str | None:
        said = texts.one_line(value(row) or "")
        return (said if len(said) <= LONGEST else f"{said[: LONGEST - 1]}…") or None

    config_of_text = config.TextColumn(width=width, help=help)
    return TableColumn(label, shown, config_of_text, orders, is_optional, widest)


def moment(
    label: str,
    value: Callable[[Row], datetime | None],
    zone: str,
    *,
    width: int = 140,
    format: str = "D MMM YYYY HH:mm",
    orders: Orders = NO_ORDERS,
) -> TableColumn[Row]:
    """Return a column of times in a zone."""
    place = ZoneInfo(zone)

    def shown(row: Row) -> datetime | None:
        at = value(row)
        return at.astimezone(place) if at is not None else None

    return TableColumn(label, shown, config.DatetimeColumn(format=format, width=width), orders)


def number(
    label: str,
    value: Callable[[Row], float | Decimal | None],
    *,
    format: str = "localized",
    width: int | None = None,
    help: str | None = None,
    orders: Orders = NO_ORDERS,
) -> TableColumn[Row]:
    """Return a column of numbers with the unit in the format."""

    def shown(row: Row) -> float | None:
        found = value(row)
        return float(found) if isinstance(found, Decimal) else found

    return TableColumn(
        label, shown, config.NumberColumn(format=format, width=width, help=help), orders
    )


def figure(
    label: str,
    value: Callable[[Row], str | None],
    *,
    width: int | None = None,
    help: str | None = None,
) -> TableColumn[Row]:
    """Return a column of formatted numbers, aligned to the right as numbers are."""
    return TableColumn(
        label,
        lambda row: value(row) or None,
        config.TextColumn(width=width, help=help, alignment="right"),
    )


def dollars(amounts: Iterable[Decimal | None]) -> str:
    """Return the format of US dollars: with four decimals where all amounts are small."""
    largest = max((amount or 0 for amount in amounts), default=0)
    return "$%.4f" if 0 < largest < SMALL else "dollar"


def percent(
    label: str,
    value: Callable[[Row], float | None],
    *,
    format: str,
    width: int | None = None,
    help: str | None = None,
) -> TableColumn[Row]:
    """Return a column of fractions, as percentages."""

    def shown(row: Row) -> float | None:
        found = value(row)
        return found * 100 if found is not None else None

    return TableColumn(label, shown, config.NumberColumn(format=format, width=width, help=help))


def duration_unit(durations: Iterable[float | None]) -> tuple[int, str]:
    """Return the unit of a column's milliseconds, and its format."""
    longest = max((duration or 0 for duration in durations), default=0)
    return (1000, "%.2f s") if longest >= 1000 else (1, "%.0f ms")


def durations(
    label: str, value: Callable[[Row], float | None], rows: Iterable[Row]
) -> TableColumn[Row]:
    """Return a column of milliseconds: in seconds, unless all are below one."""
    unit, format = duration_unit(value(row) for row in rows)

    def shown(row: Row) -> float | None:
        found = value(row)
        return found / unit if found is not None else None

    return TableColumn(label, shown, config.NumberColumn(format=format))


def bar(
    label: str,
    value: Callable[[Row], float | None],
    *,
    format: str,
    most: float,
    width: int | None = None,
    orders: Orders = NO_ORDERS,
) -> TableColumn[Row]:
    """Return a column of bars from 0 to `most`."""
    return TableColumn(
        label,
        value,
        config.ProgressColumn(format=format, min_value=0, max_value=most, width=width),
        orders,
    )


def tags(label: str, value: Callable[[Row], Sequence[str]], *, width: int) -> TableColumn[Row]:
    """Return a column of labels, absent where no row has any."""
    return TableColumn(
        label,
        lambda row: [texts.one_line(each) for each in value(row)],
        config.ListColumn(width=width),
        is_optional=True,
    )


def of_cells(rows: Sequence[Mapping[str, object]]) -> list[TableColumn[Mapping[str, object]]]:
    """Return columns for rows that map labels to cells."""
    return [TableColumn(label, itemgetter(label)) for label in rows[0]] if rows else []


def chip(
    label: str,
    value: Callable[[Row], Chip],
    colours: Mapping[str, str],
    *,
    width: int = 100,
    help: str | None = None,
    orders: Orders = NO_ORDERS,
) -> TableColumn[Row]:
    """Return a column of coloured chips, with a colour for each word."""

    def shown(row: Row) -> list[str]:
        said = value(row)
        return [said] if said else []

    return TableColumn(
        label,
        shown,
        # Of Streamlit's columns, only this one has a colour for each value
        config.MultiselectColumn(
            options=list(colours), color=list(colours.values()), width=width, help=help
        ),
        orders,
    )
