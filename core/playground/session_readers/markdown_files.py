"""Sessions that were exported as Markdown, read back. Anything else is refused with its line."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from pydantic import ValidationError

from core.playground.errors import SessionFileInvalid
from core.playground.schemas import Speaker
from core.playground.session_files import BEGINNING as FIRST
from core.playground.session_files import FORMAT, THUMBS, TIME, SessionFile, outside_code

BEGINNING = "# "
HEADING = re.compile(r"(##?) (.+)")
FACT = re.compile(r"- ([A-Z][a-z ]+): (.*)")
ESCAPED_MARKUP = re.compile(r"\\(<(?=[A-Za-z/!?])|!(?=\[))")
ESCAPED = re.compile(r"\\([\\`*_\[\]<>#!|~])")
RATINGS = {words: rating for rating, words in THUMBS.items()}
DETAILS: dict[str, tuple[str, Callable[[str], object]]] = {
    "Project": ("project", str),
    "Tags": ("tags", lambda tags: tuple(tags.split(", "))),
    "Created": ("", str),
}
FACTS: dict[str, tuple[str, Callable[[str], object]]] = {
    "Answered by": ("service_used", str),
    "Status": ("status", str),
    "Rating": ("rating", RATINGS.__getitem__),
    "Note": ("note", str),
    "Attached": ("attachments", lambda names: tuple(names.split(", "))),
    "Number": ("", str),
    "Follows": ("parent", lambda number: 0 if number == FIRST else int(number)),
    "Created": ("created_at", lambda at: datetime.strptime(at, TIME).replace(tzinfo=UTC)),
}


@dataclass
class Section:
    """A heading with the facts and the quoted lines below it."""

    line: int
    title: str
    facts: dict[str, str] = field(default_factory=dict)
    quoted: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        lines = outside_code(self.quoted, lambda line: ESCAPED_MARKUP.sub(r"\1", line))
        return "\n".join(lines)

    def read(self, known: dict[str, tuple[str, Callable[[str], object]]]) -> dict[str, object]:
        """Return the facts under their fields; raise SessionFileInvalid."""
        found = {}
        for name, value in self.facts.items():
            try:
                key, as_field = known[name]
                found[key] = as_field(value)
            except (KeyError, ValueError):
                raise _invalid(self.line, f"“{name}: {value[:40]}” is unknown here") from None
        # Facts that no field takes are read under an empty name
        found.pop("", None)
        return found


def read(text: str) -> SessionFile:
    """Return the session of an export; raise SessionFileInvalid with the line."""
    first, *others = _sections(text.replace("\r\n", "\n").split("\n"))
    details = {"name": first.title[:100], **first.read(DETAILS)}
    if first.quoted:
        details["description"] = first.text
    messages = tuple(_message(section) for section in others)
    try:
        return SessionFile.model_validate(
            {"format": FORMAT, "details": details, "messages": messages}
        )
    except ValidationError as error:
        raise SessionFileInvalid.of(error) from None


def _sections(lines: list[str]) -> list[Section]:
    found: list[Section] = []
    for number, line in enumerate(lines, 1):
        if heading := HEADING.fullmatch(line):
            if (heading[1] == "#") != (not found):
                raise _invalid(number, "one title comes first, then a heading for each message")
            found.append(Section(number, _plain(heading[2])))
        elif line:
            _add(found[-1] if found else None, number, line)
    if not found:
        raise _invalid(1, "no title")
    return found


def _add(section: Section | None, number: int, line: str) -> None:
    if section is not None and line.startswith(">"):
        section.quoted.append(line[2:])
    elif section is not None and not section.quoted and (fact := FACT.fullmatch(line)):
        section.facts[fact[1]] = _plain(fact[2])
    else:
        raise _invalid(number, "neither a heading nor a fact nor a quote of an exported session")


def _message(section: Section) -> dict[str, object]:
    role = section.title.lower()
    if role not in set(Speaker):
        raise _invalid(section.line, f"“{section.title[:40]}” is neither User nor Assistant")
    return {"role": role, "content": section.text, **section.read(FACTS)}


def _plain(text: str) -> str:
    return ESCAPED.sub(r"\1", text)


def _invalid(line: int, why: str) -> SessionFileInvalid:
    return SessionFileInvalid(f"Line {line}: {why}.")
