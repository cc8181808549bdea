"""Find empty sections, and tags that are never closed."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from core.prompts.guidance.findings import (
    FieldText,
    PromptFinding,
    PromptFindingCode,
    line_at,
    listed,
)
from core.prompts.template import escaping

HEADING = re.compile(r"(?P<level>#{1,6})[ \t]+\S.*")
FENCES = ("```", "~~~")
NAME = r"(?P<name>[A-Za-z][\w:.-]*)(?:\s[^<>]*)?"
# Only tags that begin a line and have text after them: “inside <text> tags” speaks of a tag, and
# tags one below the other stand for what an answer has.
OPENING = re.compile(rf"^[ \t]*<{NAME}(?<!/)>(?![ \t]*tags?\b)(?=\s*[^\s<])", re.MULTILINE)
EMPTY_TAG = re.compile(
    rf"^[ \t]*<{NAME}(?<!/)>\s*</(?P=name)\s*>[ \t]*$", re.MULTILINE | re.IGNORECASE
)
VOID_TAGS = {"br", "hr", "img", "input", "link", "meta", "wbr"}  # HTML closes none of these
WHY_NOT_EMPTY = "A model may invent what belongs there. Fill the section or remove it."


def check(texts: Sequence[FieldText]) -> Iterator[PromptFinding]:
    """Yield at most one finding of each kind for each text."""
    for text in texts:
        yield from _empty_headings(text)
        yield from _empty_tags(text)
    yield from _unclosed_tags(texts)


def _empty_headings(text: FieldText) -> Iterator[PromptFinding]:
    empty = list(_headings_without_content(text))
    if empty:
        names = listed(f"“{heading[:60]}”" for _, heading in empty)
        yield text.finding(
            PromptFindingCode.EMPTY_SECTION,
            f"Nothing stands below {names}.",
            WHY_NOT_EMPTY,
            empty[0][0],
        )


def _headings_without_content(text: FieldText) -> Iterator[tuple[int, str]]:
    """Yield the line and the words of headings with neither text nor a subheading below.

    The last heading of the user text may be empty: it is where the model continues.
    """
    level, heading = 0, (0, "")  # of the last heading while nothing followed; level 0 is none
    is_fenced = False
    for number, line in enumerate(text.text.split("\n"), 1):
        line = line.strip()
        is_fenced ^= line.startswith(FENCES)
        match = None if is_fenced else HEADING.fullmatch(line)
        if match is not None:
            if 0 < len(match["level"]) <= level:
                yield heading
            level, heading = len(match["level"]), (number, line.strip("# \t"))
        elif line:
            level = 0
    if level and text.field == "system_prompt":
        yield heading


def _empty_tags(text: FieldText) -> Iterator[PromptFinding]:
    empty = list(EMPTY_TAG.finditer(text.text))
    if empty:
        names = listed(f"<{match['name']}>" for match in empty)
        line = line_at(text.text, empty[0].start("name"))
        yield text.finding(
            PromptFindingCode.EMPTY_SECTION, f"Nothing stands in {names}.", WHY_NOT_EMPTY, line
        )


def _unclosed_tags(texts: Sequence[FieldText]) -> Iterator[PromptFinding]:
    tags = [match for text in texts for match in escaping.TAG.finditer(text.text)]
    closed = Counter(match["name"].lower() for match in tags if match["end"])
    for text in texts:
        openings: dict[str, list[re.Match[str]]] = {}
        for match in OPENING.finditer(text.text):
            openings.setdefault(match["name"].lower(), []).append(match)
        unclosed = [
            matches[0]
            for name, matches in openings.items()
            if len(matches) > closed[name] and name not in VOID_TAGS
        ]
        if unclosed:
            names = listed(f"<{match['name']}>" for match in unclosed)
            yield text.finding(
                PromptFindingCode.UNCLOSED_TAG,
                f"Opened and not closed: {names}.",
                "A model can't tell where the section ends, and values in it can't be kept there. "
                "Add the closing tag.",
                line_at(text.text, unclosed[0].start("name")),
            )
