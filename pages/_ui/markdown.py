"""Markdown that strangers wrote (users, models, senders, colleagues), rendered here and not by
Streamlit.

Streamlit's renderer draws diagrams out of fences, loads images and turns directives, shortcodes and
formulas into things that are not what was written. Here a text becomes HTML of a few harmless tags,
all of what was written can be read, and a link names its host. Why: docs/decisions/0024.
"""

import re
import sys
from collections.abc import Iterator, Sequence
from functools import lru_cache
from html import escape
from typing import Any
from urllib.parse import unquote

import streamlit as st
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_block import StateBlock, table
from markdown_it.rules_block.table import escapedSplit, getLine
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

from pages._ui import text

LONGEST = 30_000  # characters; what is longer is shown as it was written
# Levels of quotes and lists; the parser leaves out what is nested deeper, so such a text is shown
# as it was written
DEEPEST = 20
# What is not exactly this has no host that a reader could check, such as one behind a user name: it
# stays text.
WEB = re.compile(
    r"https?://([a-z0-9-]+(?:\.[a-z0-9-]+)*|\[[0-9a-f:.]+\])(?::\d{1,5})?(?:[/?#][^\s\\]*)?",
    re.IGNORECASE,
)
MAIL = re.compile(r"mailto:([^\s?&@]+@[^\s?&@]+)(?:\?\S*)?", re.IGNORECASE)
BARE = re.compile(r"https?://[^\s<>\"'`|\\]+[^\s<>\"'`|\\.,;:!?)\]}*_]", re.IGNORECASE)
LANGUAGE = re.compile(r"[\w+#.-]{1,20}")
# The parser adds the cells that rows leave out, 65,000 in a table of 1,500 characters. Rows after
# so many are text.
vars(sys.modules[table.__module__])["MAX_AUTOCOMPLETED_CELLS"] = 100


def draw(given: str, *, longest: int = LONGEST) -> None:
    """Draw a text; one with more than `longest` characters is shown as it was written."""
    st.html(as_html(given, longest))


@lru_cache(maxsize=128)  # a rerun draws the same messages again
def as_html(given: str, longest: int = LONGEST) -> str:
    # Taken out at the end: entities may name what turns the direction of letters.
    return f'<div class="attune-markdown" dir="auto">{text.upright(_body(given, longest))}</div>'


def _body(given: str, longest: int) -> str:
    if len(given) <= longest:
        tokens = _PARSER.parse(given)
        if all(token.level < DEEPEST for token in tokens):
            return str(_PARSER.renderer.render(tokens, _PARSER.options, {}))
    return f'<div class="attune-words">{escape(given)}</div>'


class _Renderer(RendererHTML):
    """Renders code without a language, and shows what Markdown would hide."""

    def fence(self, tokens: Sequence[Token], place: int, *_: Any) -> str:  # noqa: ANN401  the parser's own
        info = tokens[place].info.strip()
        said = "" if LANGUAGE.fullmatch(info) or not info else f"<p><code>{escape(info)}</code></p>"
        return f"{said}<pre><code>{escape(tokens[place].content)}</code></pre>\n"

    def definition(self, tokens: Sequence[Token], place: int, *_: Any) -> str:  # noqa: ANN401  the parser's own
        """Show the target of a reference, which would otherwise be hidden text."""
        meta = tokens[place].meta
        title = f" “{escape(meta['title'])}”" if meta["title"] else ""
        return (
            f"<p><small>[{escape(meta['label'])}]: "
            f"{escape(unquote(meta['url']))}{title}</small></p>\n"
        )


class _Parser(MarkdownIt):
    """Accepts every address as a link; `_named` decides which of them become links."""

    def validateLink(self, url: str) -> bool:  # noqa: N802  the parser's own
        return True


def _parser() -> MarkdownIt:
    options: dict[str, Any] = {"html": False, "inline_definitions": True, "maxNesting": DEEPEST + 2}
    parser = _Parser("commonmark", options, renderer_cls=_Renderer).enable(
        ["table", "strikethrough"]
    )
    parser.disable(["image", "html_block", "html_inline"])
    parser.block.ruler.at("table", _table, {"alt": ["paragraph", "reference"]})
    parser.core.ruler.push("hosts", _name_hosts)
    return parser


def _table(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Read a table; one with more cells in a row than columns stays text, or the parser would drop
    cells.
    """
    before = len(state.tokens)
    if not table(state, start, end, silent):
        return False
    rows = (
        []
        if silent
        else [len(_cells(state, line)) for line in (start, *range(start + 2, state.line))]
    )
    if rows and max(rows) > rows[0]:
        del state.tokens[before:]
        _add_paragraph(state, start)
    return True


def _add_paragraph(state: StateBlock, start: int) -> None:
    """Add the lines up to the present one as text. Left to the parser, each of them could begin the
    same table again: a text of 30,000 characters would take hours.
    """
    state.push("paragraph_open", "p", 1)
    inline = state.push("inline", "", 0)
    inline.content = state.getLines(start, state.line, state.blkIndent, False).strip()
    inline.map, inline.children = [start, state.line], []
    state.push("paragraph_close", "p", -1)


def _cells(state: StateBlock, line: int) -> list[str]:
    row = escapedSplit(getLine(state, line).strip())
    return row[not row[0] : len(row) - (not row[-1])]


def _name_hosts(state: StateCore) -> None:
    """Add the host to each link, and write links that lead to neither web nor mail as text."""
    for token in state.tokens:
        if token.type == "inline":
            token.children = list(_named(token.children or []))


def _named(children: Sequence[Token]) -> Iterator[Token]:
    link: Token | None = None
    label = ""
    for token in children:
        if token.type == "link_open":
            link, label = token, ""
            if _place(_href(link)):
                yield _opening(_href(link))
        elif token.type == "link_close" and link is not None:
            if _place(_href(link)):
                yield token
            yield _written(_after(label, link))
            link = None
        elif token.type == "text" and link is None:
            yield from _linked(token.content)
        else:
            label += token.content
            yield token


def _linked(words: str) -> Iterator[Token]:
    """Turn bare addresses into links."""
    end = 0
    for found in BARE.finditer(words):
        if _place(found[0]):
            yield Token("text", "", 0, content=words[end : found.start()])
            yield _opening(found[0])
            yield Token("text", "", 0, content=found[0])
            yield Token("link_close", "a", -1)
            end = found.end()
    yield Token("text", "", 0, content=words[end:])


def _place(href: str) -> str | None:
    """Return the host or mail address of a link; None when it may not be a link."""
    found = WEB.fullmatch(href) or MAIL.fullmatch(href)
    return found[1] if found else None


def _after(label: str, link: Token) -> str:
    """Return the text after a link: its host unless the label names it, and its title."""
    place, title = _place(_href(link)), str(link.attrs.get("title") or "")
    goes = (
        unquote(_href(link))
        if place is None
        else ""
        if _place(label) == place or label == place
        else place
    )
    said = " ".join(filter(None, (f"({goes})" if goes else "", f"“{title}”" if title else "")))
    return f" <small><bdi>{escape(said)}</bdi></small>" if said else ""


def _href(link: Token) -> str:
    return str(link.attrs["href"])


def _opening(href: str) -> Token:
    return Token(
        "link_open", "a", 1, attrs={"href": href, "target": "_blank", "rel": "noopener noreferrer"}
    )


def _written(html: str) -> Token:
    return Token("html_inline", "", 0, content=html)


_PARSER = _parser()
