"""Search hits marked within texts, returned as pieces, never as markup."""

import re

from sqlalchemy import ColumnElement, FromClause, func, literal_column

from core.conversations.views import TextPart
from core.database.tables import storable

START, STOP = "\x02", "\x03"
# The database's searchable() inserts this between letters and punctuation, so that words there are
# found
APART = "\x04"
SIMPLE: ColumnElement[str] = literal_column("'simple'")
LONGEST = 50_000  # characters; longer texts are indexed up to here, too
MARKS = f"StartSel={START}, StopSel={STOP}"
SHORT = f'{MARKS}, MaxFragments=2, MaxWords=30, MinWords=12, FragmentDelimiter=" … "'
WHOLE = f"{MARKS}, HighlightAll=true"
MARKED = re.compile(f"{START}([^{STOP}]*){STOP}")


def has_words(table: FromClause, words: str) -> ColumnElement[bool]:
    """Return the condition that a row matches the search."""
    return table.c.search.op("@@")(query_of(words))


def query_of(words: str) -> ColumnElement[object]:
    """Return the tsquery of a search text."""
    return func.websearch_to_tsquery(SIMPLE, func.searchable(storable(words)))


def headline(
    content: ColumnElement[str], words: str, marks: str, *, longest: int = LONGEST
) -> ColumnElement[str]:
    """Return the excerpt of a text that `marks` requests, with matches marked."""
    # Such characters of the text itself would pass for marks
    own = func.translate(func.left(content, longest), START + STOP + APART, "")
    return func.ts_headline(SIMPLE, func.searchable(own), query_of(words), marks)


def parts(marked: str) -> list[TextPart]:
    """Return a marked text as parts: matches and the text between them."""
    pieces = MARKED.split(marked.replace(APART, ""))
    return [
        TextPart(text=piece, is_hit=bool(number % 2))
        for number, piece in enumerate(pieces)
        if piece
    ]
