"""Words that were searched for, marked in a text by what no text keeps: it comes in pieces, and never as markup."""

import re

from core.conversations.answers import Part

START, STOP = "\x02", "\x03"
# Longer texts are not searched either.
TEXT = "translate(left(content, 50000), E'\\x02\\x03', '')"
MARKS = f"StartSel={START}, StopSel={STOP}"
SHORT = f'{MARKS}, MaxFragments=2, MaxWords=30, MinWords=12, FragmentDelimiter=" … "'
WHOLE = f"{MARKS}, HighlightAll=true"
MARKED = re.compile(f"{START}([^{STOP}]*){STOP}")


def parts(marked: str) -> list[Part]:
    """Return a marked text in pieces, hits and what is between them."""
    pieces = MARKED.split(marked)
    return [Part(text=piece, is_hit=bool(number % 2)) for number, piece in enumerate(pieces) if piece]
