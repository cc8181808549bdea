"""Parquet written by hand, in Thrift's compact protocol: files that no library writes."""

INT32, INT64, BINARY, LIST, STRUCT = 5, 6, 8, 9, 12
INTEGERS_32, TEXTS = 1, 6  # physical types
PLAIN, BY_DICTIONARY, DELTA_LENGTHS = 0, 2, 6  # encodings
REPEATED = 2
DATA_PAGE, DICTIONARY_PAGE = 0, 2
BEGIN = b"PAR1"

Field = tuple[int, int, bytes]


def varint(number: int) -> bytes:
    """Return a number in as few bytes as it takes."""
    written = bytearray()
    while number > 127:
        written.append(number & 127 | 128)
        number >>= 7
    return bytes([*written, number])


def struct(*fields: Field) -> bytes:
    """Return a struct of fields in order of their numbers, or of any."""
    written, last = b"", 0
    for number, kind, value in fields:
        step = number - last
        short = bytes([step << 4 | kind]) if step > 0 else bytes([kind]) + varint(number << 1)
        written, last = written + short + value, number
    return written + b"\0"


def integer(number: int, value: int, kind: int = INT32) -> Field:
    """Return a field with a number of no sign."""
    return number, kind, varint(value << 1)


def listed(number: int, kind: int, items: list[bytes]) -> Field:
    """Return a field with a list."""
    return number, LIST, bytes([0xF0 | kind]) + varint(len(items)) + b"".join(items)


def text(number: int, value: bytes) -> Field:
    """Return a field with a text."""
    return number, BINARY, varint(len(value)) + value


def run(value: int, count: int) -> bytes:
    """Return one small value again and again."""
    return varint(count << 1) + bytes([value])


def levels(*runs: bytes) -> bytes:
    """Return levels of a page."""
    body = b"".join(runs)
    return len(body).to_bytes(4, "little") + body


def page(body: bytes, values: int, encoding: int, *, kind: int = DATA_PAGE) -> bytes:
    """Return a page with its header."""
    header = struct(integer(1, values), integer(2, encoding), integer(3, 3), integer(4, 3))
    return (
        struct(
            integer(1, kind),
            integer(2, len(body)),
            integer(3, len(body)),
            (5 if kind == DATA_PAGE else 7, STRUCT, header),
        )
        + body
    )


def column(name: bytes, kind: int = INTEGERS_32, repetition: int = 0) -> bytes:
    """Return an element of the schema."""
    return struct(integer(1, kind), integer(3, repetition), text(4, name))


def chunk(
    size: int,
    values: int,
    *more: Field,
    kind: int = INTEGERS_32,
    dictionary_bytes: int = 0,
    codec: int = 0,
) -> bytes:
    """Return what the end says of the pages of the column `a`, which begin the file."""
    dictionary = [integer(11, len(BEGIN), INT64)] if dictionary_bytes else []
    about = struct(
        integer(1, kind),
        listed(2, INT32, [varint(PLAIN)]),
        listed(3, BINARY, [b"\x01a"]),
        integer(4, codec),
        integer(5, values, INT64),
        integer(6, size, INT64),
        integer(7, size, INT64),
        integer(9, len(BEGIN) + dictionary_bytes, INT64),
        *dictionary,
        *more,
    )
    return struct(integer(2, len(BEGIN), INT64), (3, STRUCT, about))


def group(rows: int, chunks: list[bytes]) -> bytes:
    """Return a row group."""
    return struct(listed(1, STRUCT, chunks), integer(2, 100, INT64), integer(3, rows, INT64))


def file(pages: bytes, columns: list[bytes], rows: int, groups: list[bytes]) -> bytes:
    """Return a file."""
    root = struct(text(4, b"r"), integer(5, len(columns)))
    metadata = struct(
        integer(1, 1),
        listed(2, STRUCT, [root, *columns]),
        integer(3, rows, INT64),
        listed(4, STRUCT, groups),
        text(6, b"x"),
    )
    return BEGIN + pages + metadata + len(metadata).to_bytes(4, "little") + BEGIN
