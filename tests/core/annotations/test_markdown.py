"""Users' Markdown stays in its section, as another parser (markdown-it) reads it."""

import random

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from core.annotations.exports.markdown import section

MARKS = ["```", "````", "~~~", "`", "- ", "1. ", "> ", "# ", "===", "a", "<b onclick=x>"]
PIECES = [*MARKS, "  ", "   ", "    ", "\t", "\u00a0", "\n", "\n", "\n\n"]


def tokens(given: str) -> list[Token]:
    found = MarkdownIt("commonmark").parse(section(given))
    return [each for token in found for each in [token, *(token.children or [])]]


def check_kept(given: str) -> None:
    for token in tokens(given):
        assert token.type not in ("html_block", "html_inline", "image"), given
        assert not (
            token.type == "heading_open" and token.level == 0 and token.tag in ("h1", "h2")
        ), given


@pytest.mark.parametrize(
    "opened",
    [
        "```a`b",
        "- x\n\n  ```",
        "1. x\n   ```",
        "- ```\n  a\n  ```",
        "```\n```\u00a0\n```",
        "```\n~~~\n```",
        "~~~\na\n~~~ b\n~~~",
        "  ```\n    ````\n```",
    ],
)
def test_what_only_looks_like_code_runs_nothing_and_is_no_heading(opened: str) -> None:
    check_kept(f"{opened}\n<img src=x onerror=alert(1)>\n# top")


def test_no_mixture_of_fences_lists_and_quotations_breaks_out() -> None:
    chance = random.Random(7)
    for _ in range(4000):
        check_kept(
            "".join(chance.choices(PIECES, k=chance.randrange(2, 14)))
            + "\n<img src=x onerror=alert(1)>\n# top"
        )


@pytest.mark.parametrize(
    "given",
    [
        "```html\n<b>\n  a\n```",
        "~~~ a`b\n<b>\n  a\n~~~",
        "- x\n\n  ```\n<b>\n  a\n  ```",
        "````\n<b>\n  a\n",
    ],
)
def test_code_stays_as_it_is(given: str) -> None:
    [code] = [each for each in tokens(given) if each.type == "fence"]
    assert code.content == "<b>\n  a\n"
