"""Arrow's arrays as Python's values. What a dictionary holds once is one object, however many cells have it."""

from datetime import UTC
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc


def values_of(column: pa.Array) -> list[Any]:
    """Return the cells of a column; lists and structures with dictionaries in them, too."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        used = pc.unique(column.indices).drop_null()
        known = dict(zip(used.to_pylist(), values_of(column.dictionary.take(used)), strict=True))
        return [None if place is None else known[place] for place in column.indices.to_pylist()]
    if pa.types.is_map(kind):
        pairs = list(zip(values_of(column.keys), values_of(column.items), strict=True))
        return _lists(column, pairs)
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return _lists(column, values_of(column.values))
    if pa.types.is_struct(kind):
        names = [field.name for field in kind]
        cells = zip(*map(values_of, column.flatten()), strict=True) if names else [()] * len(column)
        present = column.is_valid().to_pylist()
        return [dict(zip(names, each, strict=True)) if is_there else None for each, is_there in zip(cells, present, strict=True)]
    return _plain(column)


def _lists(column: pa.Array, inner: list[Any]) -> list[Any]:
    ends = column.offsets.to_pylist()
    present = column.is_valid().to_pylist()
    return [inner[ends[place] : ends[place + 1]] if is_there else None for place, is_there in enumerate(present)]


def _plain(column: pa.Array) -> list[Any]:
    kind = column.type
    if pa.types.is_timestamp(kind):
        zone = kind.tz
        # Python has no nanoseconds.
        micros = pc.cast(column, pa.timestamp("us", tz=zone), safe=False)
        if zone is None:
            return list(micros.to_pylist())
        # Arrow keeps UTC whatever zone it names, and a zone that Python does not know would be refused.
        return [None if at is None else at.replace(tzinfo=UTC) for at in pc.cast(micros, pa.timestamp("us")).to_pylist()]
    if pa.types.is_decimal(kind):
        return [None if each is None else str(each) for each in column.to_pylist()]
    # With its unit, for a column's name may claim another.
    if pa.types.is_duration(kind):
        micros = pc.cast(pc.cast(column, pa.duration("us"), safe=False), pa.int64())
        return [None if each is None else f"{each / 1000} ms" for each in micros.to_pylist()]
    return list(column.to_pylist())
