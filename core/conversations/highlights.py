"""Search hits marked within texts, returned as pieces, never as markup."""

import re

from core.conversations.answers import TextPart

START, STOP = "\x02", "\x03"
APART = "\x04"  # what the database's searchable() sets between letters and punctuation, to find words there
QUERY = "websearch_to_tsquery('simple', searchable(:q))"
MARKS = f"StartSel={START}, StopSel={STOP}"
SHORT = f'{MARKS}, MaxFragments=2, MaxWords=30, MinWords=12, FragmentDelimiter=" … "'
WHOLE = f"{MARKS}, HighlightAll=true"
MARKED = re.compile(f"{START}([^{STOP}]*){STOP}")


def text_of(longest: str) -> str:
    """Return the SQL of so much of a content as is marked, without marks of its own."""
    return f"searchable(translate(left(content, {longest}), E'\\x02\\x03\\x04', ''))"


TEXT = text_of("50000")  # longer texts are not searched either


def parts(marked: str) -> list[TextPart]:
    """Return a marked text in pieces, hits and what is between them."""
    pieces = MARKED.split(marked.replace(APART, ""))
    return [TextPart(text=piece, is_hit=bool(number % 2)) for number, piece in enumerate(pieces) if piece]
