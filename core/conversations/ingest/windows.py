"""Find repeated messages in histories that begin in the middle: many senders repeat only the last
messages with each request.

A message is named after all that its history has before it, so a window of the last messages gives
them new names each time. Stored ones are found by role and text instead.
"""

from collections.abc import Collection, Iterable
from hashlib import sha256
from typing import NamedTuple

from core.conversations.schemas import NewMessage

# A window that arrives late may end this many messages before the last one
LATE = 100
SPACE = " \t\n\r\f\v"  # some senders strip what they repeat
Fingerprint = tuple[str, bytes]  # the role, and a hash of the text, which may be long


class SentHistory(NamedTuple):
    """The names of a request's messages and of its answers, without system messages."""

    asked: list[str]
    answers: list[str]


def has_gaps(histories: Iterable[SentHistory], known: Collection[str], *, is_new: bool) -> bool:
    """Whether a history has unknown messages before its last question; the first one of a new
    conversation may.
    """
    known = set(known)
    for history in histories:
        if not is_new and _has_gap(history.asked, known):
            return True
        known.update(history.asked, history.answers)
        is_new = False
    return False


def without_repeated(
    messages: list[NewMessage],
    histories: Iterable[SentHistory],
    known: Collection[str] = (),
    stored: Iterable[Fingerprint] = (),
) -> list[NewMessage]:
    """Return messages without those that histories repeat of `stored` and of each other.

    Messages are stored by the names in `known` already.
    """
    fingerprints = {each.id: _fingerprint(each) for each in messages}
    known, before, repeated = set(known), list(stored), set[str]()
    for asked, answers in histories:
        names = asked + answers
        history = [fingerprints[name] for name in names]
        overlap = _overlap(before[-len(names) - LATE :], history) if _has_gap(asked, known) else 0
        repeated.update(name for name in names[:overlap] if name not in known)
        before += [fingerprints[name] for name in names[overlap:] if name not in known]
        known.update(names[overlap:])
    return [each for each in messages if each.id not in repeated]


def _has_gap(asked: list[str], known: Collection[str]) -> bool:
    return not all(name in known for name in asked[:-1])


def _fingerprint(message: NewMessage) -> Fingerprint:
    text = (message.content or "").strip(SPACE)
    return message.role, sha256(text.encode(errors="replace")).digest()


def _overlap(before: list[Fingerprint], history: list[Fingerprint]) -> int:
    """Return how many messages of `history`, from the first, end `before`; where it is one at most,
    how many stand within it, if several.

    Knuth, Morris and Pratt's search: thousands of equal messages cost no more than others.
    """
    borders = _borders(history)
    length = longest = 0
    for each in before:
        while length and (length == len(history) or history[length] != each):
            length = borders[length - 1]
        length += history[length] == each
        longest = max(longest, length)
    return length if length > 1 or longest < 2 else longest


def _borders(history: list[Fingerprint]) -> list[int]:
    """Return for each message how many up to it repeat the first ones."""
    borders, length = [0], 0
    for each in history[1:]:
        while length and history[length] != each:
            length = borders[length - 1]
        length += history[length] == each
        borders.append(length)
    return borders
