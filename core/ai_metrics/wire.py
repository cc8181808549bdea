"""Protobuf's wire format, read without making messages: where fields with a length lie, and how many there are within a span.

https://protobuf.dev/programming-guides/encoding/
"""

from collections.abc import Iterator

from google.protobuf.message import DecodeError

LENGTHS = {1: 8, 5: 4}  # of numbers, by their wire type
VARINT, WITH_LENGTH = 0, 2
LONGEST_VARINT = 10
# Which fields of which messages are messages themselves, by their numbers: OTLP's Span and Resource with what is in them.
SPAN, RESOURCE, EVENT, PAIR, VALUE, LIST, PAIRS, LINK = range(8)
WITHIN = {
    SPAN: {9: PAIR, 11: EVENT, 13: LINK},
    RESOURCE: {1: PAIR},
    EVENT: {3: PAIR},
    LINK: {4: PAIR},
    PAIR: {2: VALUE},
    VALUE: {5: LIST, 6: PAIRS},
    LIST: {1: VALUE},
    PAIRS: {1: PAIR},
}


def fields(body: bytes, at: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Yield the number, the start and the end of each field that has a length; raise DecodeError."""
    while at < end:
        tag, at = _varint(body, at)
        kind = tag & 7
        if kind == WITH_LENGTH:
            length, at = _varint(body, at)
            if at + length > end:
                raise DecodeError
            yield tag >> 3, at, at + length
            at += length
        elif kind == VARINT:
            _, at = _varint(body, at)
        elif kind in LENGTHS:
            at += LENGTHS[kind]
        else:
            raise DecodeError


def _varint(body: bytes, at: int) -> tuple[int, int]:
    try:
        if (byte := body[at]) < 128:
            return byte, at + 1
        value = byte & 127
        for place in range(1, LONGEST_VARINT):
            byte = body[at + place]
            value |= (byte & 127) << 7 * place
            if byte < 128:
                return value, at + place + 1
    except IndexError:
        pass
    raise DecodeError


def has_more(body: bytes, message: int, most: int) -> bool:
    """Whether there are more messages than that within one, `SPAN` or `RESOURCE`; raise DecodeError."""
    if len(body) // 2 <= most:  # an empty one has two bytes
        return False
    count, left = 0, [(message, 0, len(body))]
    while left:
        kind, start, end = left.pop()
        within = WITHIN[kind]
        for number, first, last in fields(body, start, end):
            if number in within:
                count += 1
                if count > most:
                    return True
                left.append((within[number], first, last))
    return False
