r"""Keep a value in the place that the template gives it.

A value is never read as a template: placeholders in it are text. Where the template puts a
variable between delimiters, the delimiter that would end that place is escaped in the value by a
backslash:

- between tags, as in `<document>{{text}}</document>`, `</document` becomes `<\/document`;
- in a fenced block, three backticks (or tildes) become three escaped ones;
- in triple quotes, three quotation marks become three escaped ones;
- between quotation marks in one line, `"Dear {{name}}, hello"`, a quotation mark becomes `\"`, and
  a backslash `\\`, so that the value can't escape the mark that ends it.
"""

import re
from collections import Counter
from collections.abc import Iterator, Set
from dataclasses import dataclass
from heapq import merge
from typing import NamedTuple

TAG = re.compile(r"<(?P<end>/?)(?P<name>[A-Za-z][\w:.-]*)(?:\s[^<>]*)?(?<!/)>")
RUN = re.compile(r"^[ \t]{0,3}(?P<fence>```|~~~)|(?P<quotes>\"{3}|'{3})", re.MULTILINE)
# A value may end within a tag or a run of marks that the next value would complete.
END_TAG = re.compile(r"<\s*(?:$|/\s*(?:$|(?P<name>[A-Za-z][\w:.-]*)(?P<last>$)?))")
QUOTES = ('"', "'", "`")
# Quoted texts within a line; an apostrophe between letters, as in “can't”, begins and ends none
QUOTED = re.compile(
    r"""(?<!["\\])"(?!"")(?:[^"\\\n]|\\.)*"(?!")"""
    r"""|(?<![`\\])`(?!`)[^`\n]*`(?!`)"""
    r"""|(?<![\w'\\])'(?!'')(?:[^'\\\n]|\\.|(?<=\w)'(?=\w))*'(?![\w'])"""
    r"""|(?P<opening>[“„«])"""
)
CLOSING = {"“": "”", "„": "“", "«": "»"}


@dataclass(frozen=True)
class Place:
    """What delimits one place: the quotation mark around it, the marks of open blocks and quotes
    (each a character), and open tags, in lower case.
    """

    quote: str = ""
    marks: tuple[str, ...] = ()
    tags: Set[str] = frozenset()

    def escape(self, value: str) -> str:
        """Return a value as it stands here."""
        if self.quote:
            value = value.replace("\\", "\\\\").replace(self.quote, f"\\{self.quote}")
        for mark in self.marks:
            value = re.sub(rf"^{mark}+|{mark}+$|{mark}{{3,}}", _escaped_run, value)
        return END_TAG.sub(self._escaped_tag, value) if self.tags else value

    def between(self, tag: str, text: str) -> str:
        """Return a text between tags that it can't end: `tag` is one of `tags`."""
        return f"<{tag}>\n{self.escape(text)}\n</{tag}>"

    def _escaped_tag(self, tag: re.Match[str]) -> str:
        name = tag["name"]
        is_end = name is None or tag["last"] is not None or name.lower() in self.tags
        if not is_end:
            return tag[0]
        return tag[0].replace("/", r"\/", 1) if "/" in tag[0] else f"{tag[0]}\\"


class Quoted(NamedTuple):
    """A text between quotation marks, with them."""

    start: int
    end: int
    mark: str


class Places:
    """The places in a template's own text; they are asked for in ascending order.

    Its marks are read as far as the place: all of a long text at once would fill the memory.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._marks = merge(TAG.finditer(text), RUN.finditer(text), key=re.Match.end)
        self._mark = next(self._marks, None)
        self._quoted = _quoted(text)
        self._quote = next(self._quoted, None)
        self._open_tags: list[str] = []
        # Looking for a name in the list would take minutes in a text of many tags
        self._open_counts = Counter[str]()
        self._open_runs: set[str] = set()

    def at(self, position: int) -> Place:
        """Return what delimits a position of the text; its tags change with the next call."""
        while self._mark is not None and self._mark.end() <= position:
            self._pass(self._mark)
            self._mark = next(self._marks, None)
        runs = sorted({run[0] for run in self._open_runs})
        # A set of its own for each place would take minutes in a text of many tags
        return Place(self._quote_around(position), tuple(runs), self._open_counts.keys())

    def _quote_around(self, position: int) -> str:
        """Return the quotation mark that a position stands between, or an empty text."""
        before = self._text[max(position - 3, 0) : position]
        after = self._text[position : position + 1]
        if after in QUOTES and before.endswith(after) and before != after * 3:
            return after
        while self._quote is not None and self._quote.end <= position:
            self._quote = next(self._quoted, None)
        quote = self._quote
        return quote.mark if quote is not None and quote.start < position else ""

    def _pass(self, mark: re.Match[str]) -> None:
        found = mark.groupdict()
        if (name := found.get("name")) is None:
            self._open_runs ^= {found["fence"] or found["quotes"]}
        elif not found["end"]:
            self._open_tags.append(name.lower())
            self._open_counts[name.lower()] += 1
        elif name.lower() in self._open_counts:
            while self._close_last() != name.lower():
                pass

    def _close_last(self) -> str:
        name = self._open_tags.pop()
        self._open_counts[name] -= 1
        if not self._open_counts[name]:
            del self._open_counts[name]
        return name


def _escaped_run(run: re.Match[str]) -> str:
    return "".join(f"\\{mark}" for mark in run[0])


def _quoted(text: str) -> Iterator[Quoted]:
    """Yield the quoted texts in order, with the marks that end them."""
    position = 0
    found: dict[str, int] = {}  # where each closing mark or end of a line was found last
    while match := QUOTED.search(text, position):
        position = match.end()
        if match["opening"] is not None:
            closing = CLOSING[match["opening"]]
            for mark in (closing, "\n"):
                if found.get(mark, -1) < position:
                    at = text.find(mark, position)
                    found[mark] = at if at >= 0 else len(text)
            if found[closing] >= found["\n"]:
                continue
            position = found[closing] + 1
        yield Quoted(match.start(), position, text[position - 1])
