"""Differences between two texts by word, or by line where words would take seconds."""

import difflib
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Literal

from core.identity.schemas import View

MOST_WORDS = 5000  # of each text: more of them block the interpreter for a second
MOST_PAIRS = 200_000  # of the same word here and there: of few different words, texts take minutes
WORDS = re.compile(r"\s+|\S+")


class TextChange(View):
    """A part of two texts: the same in both, in the old one only, or in the new one only."""

    kind: Literal["same", "removed", "added"]
    text: str


def word_diff(old: str, new: str) -> list[TextChange]:
    """Return the parts of both texts, in order."""
    before, after = _parts(old), _parts(new)
    if len(before) + len(after) > 2 * MOST_WORDS or _pairs(before, after) > MOST_PAIRS:
        before, after = old.splitlines(keepends=True), new.splitlines(keepends=True)
        if _pairs(before, after) > MOST_PAIRS:
            before, after = [old], [new]
    return list(_changes(before, after))


def _parts(text: str) -> list[str]:
    return WORDS.findall(text)


def _pairs(before: Sequence[str], after: Sequence[str]) -> int:
    there = Counter(after)
    return sum(count * there[part] for part, count in Counter(before).items() if not part.isspace())


def _changes(before: list[str], after: list[str]) -> Iterator[TextChange]:
    # Spaces join what is the same, and are nothing to look for.
    matcher = difflib.SequenceMatcher(str.isspace, before, after, autojunk=False)
    gone = come = ""
    for kind, a, b, c, d in matcher.get_opcodes():
        old, new = "".join(before[a:b]), "".join(after[c:d])
        # A space between two changes belongs to both: three words that changed read as one change.
        is_gap = kind == "equal" and not old.strip() and "\n" not in old and bool(gone or come)
        if kind == "equal" and not is_gap:
            yield from _change(gone, come)
            gone = come = ""
            yield TextChange(kind="same", text=old)
        else:
            gone, come = gone + old, come + new
    yield from _change(gone, come)


def _change(gone: str, come: str) -> Iterator[TextChange]:
    if gone:
        yield TextChange(kind="removed", text=gone)
    if come:
        yield TextChange(kind="added", text=come)
