"""Thrift's compact protocol, as much of it as Parquet's headers and metadata have.

https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
"""

BOOLEANS, BYTE, INTEGERS, DOUBLE, BINARY, STRUCT = (1, 2), 3, (4, 5, 6), 7, 8, 12
INT32, INT64, LISTS = 5, 6, (9, 10)
DEEPEST = 8
WIDTHS = {BYTE: 1, DOUBLE: 8}

# What is read of each field, and its type; nothing of texts
Struct = dict[int, tuple[int, "Value"]]
Value = int | None | Struct | list["Value"]


def number(struct: Struct, field: int, kind: int = INT32) -> int:
    """Return a whole number; raise KeyError or ValueError where readers would take another."""
    found, value = struct[field]
    if found != kind or not isinstance(value, int) or value < 0:
        raise ValueError("not a number of that type")
    return value


def within(struct: Struct, field: int) -> Struct:
    """Return a struct within; an empty one where there is none."""
    _, value = struct.get(field, (STRUCT, {}))
    return value if isinstance(value, dict) else {}


def read_struct(data: memoryview, at: int, depth: int = 0) -> tuple[Struct, int]:
    """Return a struct, and where it ends; raise ValueError or IndexError for what is none.

    One with a field that comes twice is none: some readers keep the first, and some the last.
    """
    if depth > DEEPEST:
        raise ValueError("nested too deeply")
    struct: Struct = {}
    field = 0
    while True:
        field, kind, at = read_field(data, at, field)
        if not kind:
            return struct, at
        if field in struct:
            raise ValueError("a field comes twice")
        value, at = read_value(data, at, kind, depth + 1)
        struct[field] = kind, value


def read_field(data: memoryview, at: int, last: int) -> tuple[int, int, int]:
    """Return the number and the type of a field, and where it begins; type 0 ends a struct."""
    head = data[at]
    if not head:
        return last, 0, at + 1
    if head >> 4:
        return last + (head >> 4), head & 15, at + 1
    field, at = _integer(data, at + 1)
    return field, head & 15, at


def read_value(data: memoryview, at: int, kind: int, depth: int) -> tuple[Value, int]:
    """Return a value of a field, and where it ends."""
    if kind in BOOLEANS:
        return None, at
    if kind in INTEGERS:
        return _integer(data, at)
    if kind == BINARY:
        length, at = _varint(data, at)
        return None, at + length
    if kind == STRUCT:
        return read_struct(data, at, depth)
    if kind in LISTS:
        return _list(data, at, depth)
    return None, at + WIDTHS[kind]


def read_list(data: memoryview, at: int) -> tuple[int, int, int]:
    """Return how many elements a list has, their type, and where they begin."""
    head = data[at]
    count, at = (head >> 4, at + 1) if head >> 4 < 15 else _varint(data, at + 1)
    return count, head & 15, at


def _list(data: memoryview, at: int, depth: int) -> tuple[Value, int]:
    count, kind, at = read_list(data, at)
    if count > len(data) - at:
        raise ValueError("a list is longer than what is left")
    if kind in (*BOOLEANS, BYTE):
        return None, at + count
    values: list[Value] = []
    for _ in range(count):
        value, at = read_value(data, at, kind, depth)
        values.append(value)
    return values, at


def _integer(data: memoryview, at: int) -> tuple[int, int]:
    value, at = _varint(data, at)
    return value >> 1 ^ -(value & 1), at


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    value = 0
    for place in range(10):
        byte = data[at + place]
        value |= (byte & 127) << 7 * place
        if byte < 128:
            return value, at + place + 1
    raise ValueError("number too long")
