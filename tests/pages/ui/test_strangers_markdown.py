"""Markdown of users is shown completely, as text, with the targets of its links."""

from html import unescape
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from pages._ui import markdown

TAGS = {
    "div",
    "p",
    "pre",
    "code",
    "small",
    "bdi",
    "a",
    "br",
    "hr",
    "em",
    "strong",
    "s",
    "ul",
    "ol",
    "li",
    "blockquote",
}
TAGS |= {"table", "thead", "tbody", "tr", "th", "td"}
TAGS |= {f"h{level}" for level in range(1, 7)}
ATTRIBUTES = {
    "class": {"attune-markdown", "attune-words"},
    "dir": {"auto"},
    "target": {"_blank"},
    "rel": {"noopener noreferrer"},
}
MARKS = [
    "```",
    "````",
    "~~~",
    "`",
    "- ",
    "1. ",
    "> ",
    "#",
    "===",
    "![",
    "[",
    "](https://evil.example/a)",
    "](data:x)",
    "]: ",
    ")",
]
MARKS += [
    "mermaid",
    "\\",
    "|",
    "|-|",
    "$$",
    ":red[",
    ":material/home:",
    "<b onclick=x>",
    "<!--",
    "&#8238;",
    "*",
    "~~",
    "(",
    '"',
]
SPACES = [" ", "   ", "    ", "\t", "\n", "\n", "\n\n"]
WORDS = [f"w{number}," for number in range(6)]


class Read(HTMLParser):
    """What a reader sees of HTML: its text, its code, its links; and what is in it that we never
    write.
    """

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words, self.strange, self.links = "", list[str](), list[str]()
        self.blocks: list[str] | None = []
        self._is_code = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "pre":
            self.blocks, self._is_code = [*(self.blocks or []), ""], True
        for name, value in attrs:
            is_link = (tag, name) == ("a", "href") and (value or "").startswith(
                ("https://evil.example/", "mailto:")
            )
            is_ours = value in ATTRIBUTES.get(name, ()) or (name, tag) in (
                ("start", "ol"),
                ("style", "td"),
                ("style", "th"),
            )
            self.strange += [] if is_link or is_ours else [f"{tag} {name}={value}"]
            self.links += [value or ""] if name == "href" else []
        self.strange += [] if tag in TAGS else [tag]

    def handle_endtag(self, tag: str) -> None:
        self._is_code = self._is_code and tag != "pre"

    def handle_data(self, data: str) -> None:
        self.words += data
        if self._is_code and self.blocks:
            self.blocks[-1] += data


def read(written: str) -> Read:
    return Read(markdown.as_html(written))


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from([*MARKS, *SPACES, *SPACES, *WORDS]), max_size=30).map("".join))
def test_whatever_is_mixed_nothing_is_hidden_drawn_or_run(written: str) -> None:
    shown = read(written)
    assert shown.strange == []
    assert [word for word in WORDS if shown.words.count(word) < (word in written)] == []


FENCES = st.sampled_from(
    [
        "```",
        "````",
        "`````",
        "~~~",
        "~~~~",
        "``` mermaid",
        "~~~mermaid",
        " ```",
        "  ~~~",
        "- ```",
        "> ```",
        "> ~~~",
    ]
)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.one_of(FENCES, st.sampled_from(["", "a", "> b", "  c", "    d", "- e"])), max_size=12
    ).map("\n".join)
)
def test_code_is_what_another_reader_takes_for_code(written: str) -> None:
    theirs = [
        each.content
        for each in MarkdownIt("commonmark").parse(written)
        if each.type in ("fence", "code_block")
    ]
    assert read(written).blocks == theirs


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("```mermaid\ngraph TD; A-->B\n```", "graph TD; A-->B\n"),
        ("````\n```\ninner\n```\n````\nafter", "```\ninner\n```\n"),
        ("- x\n  ~~~mermaid\n  a\n  ~~~", "a\n"),
        ("> ```mermaid\n> a\n> ```", "a\n"),
        ("1. x\n\n       indented", "  indented"),
    ],
)
def test_a_fence_is_its_text_and_no_language(written: str, code: str) -> None:
    # Streamlit draws a fence of mermaid as a diagram
    shown = read(written)
    assert [each.rstrip("\n") for each in shown.blocks or []] == [
        code.rstrip("\n").removeprefix("  ")
    ]
    assert "mermaid" not in shown.words


@pytest.mark.parametrize(
    ("written", "said", "links"),
    [
        (
            "[your bank](https://evil.example/x)",
            "your bank (evil.example)",
            ["https://evil.example/x"],
        ),
        (
            "[https://good.example](https://evil.example)",
            "https://good.example (evil.example)",
            ["https://evil.example"],
        ),
        ("<https://good.example/a>", "https://good.example/a", ["https://good.example/a"]),
        (
            "see https://good.example/a_b.",
            "see https://good.example/a_b.",
            ["https://good.example/a_b"],
        ),
        ("![x](https://evil.example/i.png)", "!x (evil.example)", ["https://evil.example/i.png"]),
        (
            '[a](https://evil.example "unseen")',
            "a (evil.example) “unseen”",
            ["https://evil.example"],
        ),
        (
            "[a](mailto:b@evil.example?body=c)",
            "a (b@evil.example)",
            ["mailto:b@evil.example?body=c"],
        ),
        (
            "[a](https://аpple.example)",
            "a (xn--pple-43d.example)",
            ["https://xn--pple-43d.example"],
        ),
        ("[a](https://good.example@evil.example/)", "a (https://good.example@evil.example/)", []),
        ("[a](https:///evil.example)", "a (https:///evil.example)", []),
        ("[a](data:text/html,x)", "a (data:text/html,x)", []),
        ("[a](JavaScript:x)", "a (JavaScript:x)", []),
        ("[a](&#106;avascript:x)", "a (javascript:x)", []),
        ("[a](odd+scheme:x)", "a (odd+scheme:x)", []),
        ("[a](/login)", "a (/login)", []),
        ("[a](//evil.example)", "a (//evil.example)", []),
        (
            "[a][r]\n\n[r]: https://evil.example 't'",
            "a (evil.example) “t”\n[r]: https://evil.example “t”",
            ["https://evil.example"],
        ),
        ("[//]: # (unseen)", "[//]: # “unseen”", []),
    ],
)
def test_a_link_names_its_host_and_what_is_no_address_is_text(
    written: str, said: str, links: list[str]
) -> None:
    shown = read(written)
    assert shown.words.strip() == said
    assert shown.links == links


@pytest.mark.parametrize(
    "written",
    [
        "$x^2$ and $$y$$",
        ":material/home: :material_home: :streamlit: :smile:",
        ":red[a] :help[b] :color[c]{foreground=red} ::leaf[d] :::box",
        "a -> b -- c >= d",
        "<b>raw</b> <!-- unseen -->",
        "[!NOTE]",
    ],
)
def test_what_streamlit_would_draw_stays_as_it_was_written(written: str) -> None:
    assert read(written).words.strip() == unescape(written)


def test_text_below_the_deepest_quotation_is_shown() -> None:
    assert "unseen" in read("> " * 40 + "unseen").words


def test_a_text_that_is_too_long_to_parse_is_shown_as_it_was_written() -> None:
    written = "[" * (markdown.LONGEST + 1)
    assert read(written).words == written


def test_an_entity_does_not_turn_letters_around() -> None:
    assert "\u202e" not in read("a &#8238; b \u202e c").words


def test_a_cell_beyond_the_columns_of_its_table_is_shown() -> None:
    assert "unseen" in read("> |a|\n> |-|\n> |b|unseen|").words


def test_lines_that_each_could_begin_the_table_that_stays_text_are_read_once() -> None:
    # 4,800 characters took 11 s to draw, at each rerun of the page
    written = "|-\n" * 300 + "|a|unseen"
    assert markdown.as_html(written).count("<p>") == 1
    assert read(written).words.split() == written.split()


def test_cells_that_rows_leave_out_do_not_make_a_page_of_a_few_lines() -> None:
    # 1,500 characters became 65,000 cells and a second of CPU
    written = f"{'|a' * 80}\n{'|-' * 80}\n" + "|\n" * 815
    assert markdown.as_html(written).count("<td") < len(written)
