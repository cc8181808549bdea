"""How large the pages of Parquet say they are: a reader takes as much memory as they say, whatever stands at the file's end.

https://parquet.apache.org/docs/file-format/data-pages/, headers in Thrift's compact protocol.
"""

from collections.abc import Iterator

FIXED = {1: 0, 2: 0, 3: 1, 7: 8}  # bytes of a value, by its type: true, false, byte, double
NUMBERS = frozenset((4, 5, 6))
BINARY, LISTS, STRUCT = 8, frozenset((9, 10)), 12
UNPACKED, PACKED = 2, 3  # fields of a header
DEEPEST = 8


def sizes(data: memoryview, at: int, end: int) -> Iterator[int]:
    """Yield the size that each page between has when it is unpacked; raise ValueError or IndexError for what is no page."""
    while at < end:
        fields: dict[int, int] = {}
        at = _struct(data, at, fields, 0)
        if fields[UNPACKED] < 0 or fields[PACKED] < 0:
            raise ValueError("a page of less than nothing")
        yield fields[UNPACKED]
        at += fields[PACKED]


def _struct(data: memoryview, at: int, fields: dict[int, int], depth: int) -> int:
    """Pass over a struct, and keep its whole numbers."""
    field = 0
    while head := data[at]:
        at += 1
        if head >> 4:
            field += head >> 4
        else:
            field, at = _number(data, at)
        if head & 15 in NUMBERS:
            fields[field], at = _number(data, at)
        else:
            at = _skip(data, at, head & 15, depth)
    return at + 1


def _skip(data: memoryview, at: int, kind: int, depth: int) -> int:
    if depth > DEEPEST:
        raise ValueError("nested too deeply")
    if kind in FIXED:
        return at + FIXED[kind]
    if kind in NUMBERS:
        return _number(data, at)[1]
    if kind == BINARY:
        length, at = _varint(data, at)
        return at + length
    if kind in LISTS:
        count, kind, at = data[at] >> 4, data[at] & 15, at + 1
        if count == 15:
            count, at = _varint(data, at)
        for _ in range(count):
            at = _skip(data, at, kind, depth + 1) if kind not in (1, 2) else at + 1
        return at
    if kind == STRUCT:
        return _struct(data, at, {}, depth + 1)
    raise ValueError("no type of a page's header")


def _number(data: memoryview, at: int) -> tuple[int, int]:
    value, at = _varint(data, at)
    return value >> 1 ^ -(value & 1), at


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    value = 0
    for place in range(10):
        byte = data[at + place]
        value |= (byte & 127) << 7 * place
        if byte < 128:
            return value, at + place + 1
    raise ValueError("no number")
