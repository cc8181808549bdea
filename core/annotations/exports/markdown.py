"""Safe Markdown for knowledge bases: it loads nothing, runs nothing, and stays in its section."""

import re

LONGEST_TITLE = 120
MARKUP = re.compile(r"([\\`*_{}\[\]()#+\-!~$|>])")
# They turn the direction of all that follows, beyond the end of what they stand in.
TURNS = re.compile("[\u202a-\u202e\u2066-\u2069]")
UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
FENCE = re.compile(r"^ {0,3}(`{3,}(?=[^`]*$)|~{3,})")  # of backticks none may follow: else it is text (CommonMark 0.31, 4.5)
HEADING = re.compile(r"^( {0,3})(#{1,6})(?=\s|$)")
# A link leads to the web, to a mail address or within the page; whatever else it would start is made plain text.
LINK = re.compile(r"\](\((?!\s*(?:https?://|mailto:|#|/(?!/)))|:)", re.IGNORECASE)
UNDERLINE = re.compile(r"^ {0,3}(=+|-+)\s*$")  # it would make a heading of the line above


def upright(given: str) -> str:
    """Return text in which nothing turns the direction of what comes after it."""
    return TURNS.sub("", given)


def plain(given: str) -> str:
    """Return text that markdown shows as it is."""
    return MARKUP.sub(r"\\\1", given).replace("<", "&lt;")


def title(given: str) -> str:
    """Return text as a heading: one line, and not too long."""
    line = " ".join(UNSEEN.sub(" ", upright(given)).split())
    return plain(line if len(line) <= LONGEST_TITLE else line[: LONGEST_TITLE - 1] + "…")


def quoted(given: str) -> str:
    """Return text as a quotation, word for word."""
    return "\n".join(f"> {plain(line)}".rstrip() for line in upright(given).splitlines())


def section(given: str) -> str:
    """Return markdown as the body of a section: no HTML, no image, no other scheme than the web's, headings two levels down.

    Code in fences stays as it is. The fences stand at the margin: in a list they would end with its item, and what follows would
    be no code. One that was left open is closed.
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
    tamed = HEADING.sub(lambda found: found[1] + "#" * min(6, len(found[2]) + 2), tamed)
    return f"\\{tamed.strip()}" if UNDERLINE.match(tamed) else tamed
