"""Compare stored rows with rows that were computed again."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import ARRAY, CTE, MetaData, Select, Table, Text, and_, func, literal, select
from sqlalchemy.orm import Session

from core.database.rollups import Fold

EXAMPLES = 5
STORED, COMPUTED = "public", "pg_temp"


@dataclass(frozen=True)
class CheckedTable:
    """A recomputed table: its rows, the number of differences, and examples."""

    table: str
    rows: int
    differences: int
    examples: list[str]


@cache  # statements of the same tables are compiled once
def table_in(schema: str, table: Table) -> Table:
    """Return the stored table, or the temporary one of the same name that stands before it."""
    return table.to_metadata(MetaData(), schema=schema)


def compare(
    session: Session, name: str, keys: Sequence[str], stored: Select[Any], computed: Select[Any]
) -> CheckedTable:
    """Compare two sets of rows by their keys."""
    one, other = _rows(stored, keys, "stored"), _rows(computed, keys, "computed")
    same_key = and_(*(one.c[key] == other.c[key] for key in keys))
    key = func.concat_ws(" ", *(func.coalesce(one.c[key], other.c[key]) for key in keys))
    both = select(key.label("name"), one.c.row.label("stored"), other.c.row.label("computed"))
    compared = both.select_from(one.join(other, same_key, full=True)).cte("compared")
    wrong = (
        select(compared).where(compared.c.stored.is_distinct_from(compared.c.computed)).cte("wrong")
    )
    example = func.format("%s: stored %s, computed %s", *wrong.c)
    rows, differences, examples = session.execute(
        select(
            select(func.count()).select_from(compared).scalar_subquery(),
            select(func.count()).select_from(wrong).scalar_subquery(),
            func.array(select(example).order_by(wrong.c.name).limit(EXAMPLES).scalar_subquery()),
        )
    ).one()
    return CheckedTable(name, rows, differences, [example[:500] for example in examples])


def summed(fold: Fold, rows: Select[Any], by: Sequence[str]) -> Select[Any]:
    """Return rollups summed over what is not in `by`, without those that sum to zero."""
    each = rows.subquery("each").c
    sums = [func.sum(each[name]) for name in fold.sums]
    totals = [
        *(total.label(name) for total, name in zip(sums, fold.sums, strict=True)),
        *(
            func.histogram_sum(each[name], type_=each[name].type).label(name)
            for name in fold.histograms
        ),
    ]
    keys = [each[name] for name in by]
    total = select(*keys, *totals).group_by(*keys).having(sums[0] != 0).subquery("total").c
    plain = [_without_zeros(total[name]).label(name) for name in fold.histograms]
    return select(*(total[name] for name in (*by, *fold.sums)), *plain)


def _without_zeros(histogram: Any) -> Any:  # noqa: ANN401  a column of arrays, which SQLAlchemy does not type
    """Return a histogram as an object without its zeros, which removals leave."""
    at = func.generate_subscripts(histogram, 1).column_valued("at")
    return (
        select(func.jsonb_object_agg(at, histogram[at])).where(histogram[at] != 0).scalar_subquery()
    )


def _rows(rows: Select[Any], keys: Sequence[str], name: str) -> CTE:
    each = rows.subquery("each")
    others = func.to_jsonb(each.table_valued()).op("-")(literal(list(keys), ARRAY(Text())))
    return select(*(each.c[key] for key in keys), others.label("row")).cte(name)


def columns_of(table: Table, *, without: Sequence[str] = ()) -> tuple[list[str], list[str]]:
    """Return the names of a table's key, and of all that is stored in it and not computed."""
    columns = [
        column for column in table.columns if column.computed is None and column.name not in without
    ]
    return [column.name for column in columns if column.primary_key], [
        column.name for column in columns
    ]


def select_from(table: Table, names: Sequence[str]) -> Select[Any]:
    return select(*(table.c[name] for name in names))
