"""The sizes that Parquet's pages have when unpacked, from their own headers: pyarrow takes as much
memory as those say.

The metadata at the file's end may say something else, and pyarrow neither shows the headers nor
limits what it takes. https://parquet.apache.org/docs/file-format/data-pages/, headers in Thrift's
compact protocol.
"""

from collections.abc import Iterator

BOOLEANS, INTEGERS, BINARY, STRUCT = (1, 2), (4, 5, 6), 8, 12
UNPACKED, PACKED = 2, 3  # fields of a header
DEEPEST = 8


def sizes(data: memoryview, at: int, end: int) -> Iterator[int]:
    """Yield the unpacked size of each page between; raise ValueError, IndexError or KeyError for
    what is not a page.
    """
    while at < end:
        fields, at = _struct(data, at, 0)
        if fields[UNPACKED] < 0 or fields[PACKED] < 0:
            raise ValueError("negative page size")
        yield fields[UNPACKED]
        at += fields[PACKED]


def _struct(data: memoryview, at: int, depth: int) -> tuple[dict[int, int], int]:
    """Return the whole numbers of a struct by field, and where it ends."""
    if depth > DEEPEST:
        raise ValueError("nested too deeply")
    fields: dict[int, int] = {}
    field = 0
    while head := data[at]:
        at, kind = at + 1, head & 15
        if head >> 4:
            field += head >> 4
        else:
            field, at = _integer(data, at)
        if kind in INTEGERS:
            fields[field], at = _integer(data, at)
        elif kind == BINARY:
            length, at = _varint(data, at)
            at += length
        elif kind == STRUCT:
            _, at = _struct(data, at, depth + 1)
        elif kind not in BOOLEANS:  # no header has lists or fractions
            raise ValueError("unknown type in a page header")
    return fields, at + 1


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
