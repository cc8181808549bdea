"""Differences between two texts by word, or by line where words would take seconds."""

import difflib
import html
import re
from collections import Counter
from collections.abc import Iterator, Sequence

import streamlit as st

MOST_WORDS = 5000
MOST_PAIRS = 200_000  # of the same word here and there: of few different words, texts take minutes
WORDS = re.compile(r"\s+|\S+")


def draw(old: str, new: str) -> None:
    st.html(f'<div class="attune-diff">{as_html(old, new)}</div>')


def as_html(old: str, new: str) -> str:
    """Return the difference as escaped HTML with `del` and `ins`."""
    before, after = _parts(old), _parts(new)
    if len(before) + len(after) > 2 * MOST_WORDS or _pairs(before, after) > MOST_PAIRS:
        before, after = old.splitlines(keepends=True), new.splitlines(keepends=True)
        if _pairs(before, after) > MOST_PAIRS:
            before, after = [old], [new]
    return "".join(_marked(before, after))


def _parts(text: str) -> list[str]:
    return WORDS.findall(text)


def _pairs(before: Sequence[str], after: Sequence[str]) -> int:
    there = Counter(after)
    return sum(count * there[part] for part, count in Counter(before).items() if not part.isspace())


def _marked(before: list[str], after: list[str]) -> Iterator[str]:
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
            yield html.escape(old)
        else:
            gone, come = gone + old, come + new
    yield from _change(gone, come)


def _change(gone: str, come: str) -> Iterator[str]:
    if gone:
        yield f"<del>{html.escape(gone)}</del>"
    if come:
        yield f"<ins>{html.escape(come)}</ins>"
