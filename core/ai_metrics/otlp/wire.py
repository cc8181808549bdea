"""Count spans in protobuf's wire format without creating messages.

https://protobuf.dev/programming-guides/encoding/
"""

from collections.abc import Iterator

from google.protobuf.message import DecodeError

LENGTHS = {1: 8, 5: 4}  # of numbers, by their wire type
VARINT, WITH_LENGTH = 0, 2
LONGEST_VARINT = 10
# Which fields of which messages are messages themselves, by their numbers: OTLP's Span and Resource
# with what is in them.
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

# A longer form of a tag, which no sender needs, is never taken for one: its first byte has
# the highest bit.
BEGINNINGS = bytes(
    {number << 3 | WITH_LENGTH for within in WITHIN.values() for number in within}
    | set(range(128, 256))
)


def fields(body: bytes, at: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Yield (number, start, end) of each length-delimited field; raise DecodeError."""
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
    """Whether there are more nested messages (SPAN or RESOURCE) than that; raise DecodeError."""
    # An empty one has two bytes
    return len(body) // 2 > most and count_messages(body, message, most) > most


def at_most(body: bytes) -> int:
    """Return an upper bound of the number of messages within a span, from its tag bytes."""
    return len(body) - len(body.translate(None, BEGINNINGS))


def count_messages(body: bytes, message: int, most: int) -> int:
    """Return how many messages are within one, counted to just above `most`; raise DecodeError."""
    count, left = 0, [(message, 0, len(body))]
    while left:
        kind, start, end = left.pop()
        within = WITHIN[kind]
        for number, first, last in fields(body, start, end):
            if number in within:
                count += 1
                if count > most:
                    return count
                left.append((within[number], first, last))
    return count
