"""Safe Markdown for knowledge bases: it loads nothing, runs nothing, and stays in its section."""

import re

LONGEST_TITLE = 120
MARKUP = re.compile(r"([\\`*_{}\[\]()#+\-!~$|>])")
# They change the text direction beyond the text that contains them.
TURNS = re.compile("[\u202a-\u202e\u2066-\u2069]")
UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
# Backticks in the info string make it plain text (CommonMark 0.31, 4.5)
FENCE = re.compile(r"^ {0,3}(`{3,}(?=[^`]*$)|~{3,})")
HEADING = re.compile(r"^( {0,3})(#{1,6})(?=\s|$)")
# Links may lead to the web, to an email address or within the page; others become plain text.
LINK = re.compile(r"\](\((?!\s*(?:https?://|mailto:|#|/(?!/)))|:)", re.IGNORECASE)
UNDERLINE = re.compile(r"^ {0,3}(=+|-+)\s*$")  # it would turn the line above into a heading


def upright(given: str) -> str:
    """Return text without characters that change the text direction."""
    return TURNS.sub("", given)


def plain(given: str) -> str:
    """Return text escaped, so that Markdown shows it literally."""
    return MARKUP.sub(r"\\\1", given).replace("<", "&lt;")


def title(given: str) -> str:
    """Return text as a heading: one line, of limited length."""
    line = " ".join(UNSEEN.sub(" ", upright(given)).split())
    return plain(line if len(line) <= LONGEST_TITLE else line[: LONGEST_TITLE - 1] + "…")


def quoted(given: str) -> str:
    """Return text as a Markdown quotation."""
    return "\n".join(f"> {plain(line)}".rstrip() for line in upright(given).splitlines())


def section(given: str) -> str:
    """Return Markdown as the body of a section: no HTML or images, web links only, headings two
    levels lower.

    Code in fences stays unchanged. Fences are moved to the margin: in a list they would end with
    its item. An unclosed one is closed.
    """
    lines: list[str] = []
    opened: re.Match[str] | None = None
    for line in upright(given).splitlines():
        fence = FENCE.match(line)
        if opened is None:
            lines.append(line.lstrip(" ") if fence else _tame(line))
            opened = fence
        elif fence and _is_end(opened, fence):
            lines.append(fence[1])
            opened = None
        else:
            lines.append(line)
    return "\n".join([*lines, opened[1]] if opened else lines)


def _is_end(opened: re.Match[str], fence: re.Match[str]) -> bool:
    return fence[1].startswith(opened[1]) and not fence.string[fence.end(1) :].strip()


def _tame(line: str) -> str:
    tamed = LINK.sub(r"]\\\1", line.replace("<", "&lt;").replace("![", "!\\["))
    # A section begins with ##, so a heading within it has at least three
    tamed = HEADING.sub(lambda found: found[1] + "#" * min(6, len(found[2]) + 2), tamed)
    return f"\\{tamed.strip()}" if UNDERLINE.match(tamed) else tamed
