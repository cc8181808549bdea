"""Sessions as files: JSON that can be imported again, Markdown and CSV."""

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from core.executions.schemas import ExecutionStatus
from core.ingest.json_objects import JsonObject
from core.playground.branches.message_tree import MessageTree
from core.playground.schemas import (
    MAX_PROMPT_CHARS,
    Draft,
    NoteText,
    PlaygroundMessageView,
    PlaygroundSessionView,
    SessionDetails,
    Speaker,
    Thumbs,
)
from core.presentation import csv_lines

FORMAT = "attune-session"
MOST_MESSAGES = 2000
# Within what each time zone can tell: Postgres stores more, which Python then can't read
EARLIEST, LATEST = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)
MAX_CONTENT_CHARS = 2 * 2**20  # as long as a service's answer may be
COLUMNS = (
    "position",
    "role",
    "content",
    "service_used",
    "status",
    "custom_prompt",
    "response_time_ms",
    "total_tokens",
    "cost_usd",
    "rating",
    "note",
    "created_at",
    "parent",
)
THUMBS = {Thumbs.UP: "thumbs up", Thumbs.DOWN: "thumbs down"}
BEGINNING = "the beginning"  # what the first message of a branch follows
TIME = "%Y-%m-%d %H:%M:%S UTC"
MARKUP = re.compile(r"<(?=[A-Za-z/!?])|!(?=\[)")
LINE_END = re.compile(r"\r\n|\r|\n")  # as in CommonMark
FENCE = re.compile(r"(`{3,}|~{3,})")
NAMED = re.compile(r"[^\w\- ]+")


class SessionFormat(StrEnum):
    JSON = "json"
    MARKDOWN = "markdown"
    CSV = "csv"


class MessageFile(BaseModel):
    model_config = ConfigDict(frozen=True)

    role: Speaker
    content: Annotated[str, StringConstraints(max_length=MAX_CONTENT_CHARS)]
    status: ExecutionStatus | None = None
    custom_prompt: str | None = Field(default=None, max_length=MAX_PROMPT_CHARS)
    service_used: str | None = Field(default=None, max_length=300)
    response_time_ms: int | None = Field(default=None, ge=0, le=2**31 - 1)
    rating: Thumbs | None = None
    note: NoteText | None = None
    created_at: datetime | None = Field(default=None, ge=EARLIEST, le=LATEST)
    parent: int | None = Field(
        default=None,
        ge=0,
        description="The number, from 1, of the message that it follows where branches part; 0 "
        "for none. Without one, it follows the message before it.",
    )
    attachments: tuple[str, ...] = Field(
        default=(), max_length=100, description="Names of files, which are not a part of this one."
    )


class DraftFile(Draft):
    """A chat's settings in a file."""


class SessionFile(BaseModel):
    """A session in a file: its details, settings and messages."""

    model_config = ConfigDict(frozen=True)

    format: Literal["attune-session"]
    details: SessionDetails = SessionDetails()
    draft: DraftFile = DraftFile()
    metadata: JsonObject | None = None
    messages: tuple[MessageFile, ...] = Field(default=(), max_length=MOST_MESSAGES)
    leaf: int | None = Field(
        default=None,
        ge=1,
        description="The number of the last message of the branch that is shown. Without one, "
        "the last message.",
    )

    @model_validator(mode="after")
    def _follows_what_is_there(self) -> Self:
        parents = [message.parent or 0 for message in self.messages]
        if any(parent >= number for number, parent in enumerate(parents, 1)):
            raise ValueError("`parent` must be the number of an earlier message.")
        if (self.leaf or 0) > len(self.messages):
            raise ValueError("`leaf` must be the number of a message.")
        return self


def as_file(
    session: PlaygroundSessionView,
    messages: Iterable[PlaygroundMessageView],
    tree: MessageTree,
    leaf: int,
) -> SessionFile:
    """Return a session as a file holds it: the messages of all its branches, of which the one
    that ends with `leaf` is shown.
    """
    known = {
        "name": session.name and session.name[:100],
        "description": session.description,
        "project": session.project,
        "tags": session.tags,
    }
    # Unchecked: a session may have more messages than an import takes
    return SessionFile.model_construct(
        format="attune-session",
        details=SessionDetails.model_validate({key: it for key, it in known.items() if it}),
        draft=DraftFile.model_validate(session.draft.model_dump(exclude_unset=True)),
        metadata=session.metadata,
        messages=tuple(
            MessageFile.model_validate({**_fields(it), "parent": tree.forks.get(number)})
            for number, it in enumerate(messages, 1)
        ),
        leaf=None if leaf == tree.newest else leaf,
    )


def _fields(message: PlaygroundMessageView) -> dict[str, object]:
    fields = dict(message)
    files = [file.name for file in fields.pop("attachments")]
    return fields | ({"attachments": files} if files else {})


def as_csv(messages: Iterable[PlaygroundMessageView], tree: MessageTree) -> Iterator[str]:
    """Yield CSV lines, a message each, of all branches."""
    yield csv_lines.line(COLUMNS)
    for position, message in enumerate(messages, 1):
        row = message.model_dump(mode="json")
        row |= {"position": position, "parent": tree.parents[position]}
        yield csv_lines.line([row[column] for column in COLUMNS])


def as_markdown(
    session: PlaygroundSessionView, messages: Iterable[PlaygroundMessageView], tree: MessageTree
) -> Iterator[str]:
    """Yield Markdown; each message is a quote, so that no text can pass for a part of the file.

    With branches, messages have numbers, and one that does not follow the one before says which
    it follows.
    """
    yield f"# {_line(session.name or 'Session')}\n"
    facts = {"Project": session.project, "Tags": ", ".join(session.tags)}
    yield _facts({**facts, "Created": _time(session.created_at)})
    if session.description:
        yield f"\n{_quoted(session.description)}\n"
    forks = tree.forks
    for number, message in enumerate(messages, 1):
        facts = _facts_of(message)
        if forks:
            facts["Number"] = str(number)
        if number in forks:
            facts["Follows"] = str(forks[number] or BEGINNING)
        yield f"\n## {message.role.capitalize()}\n{_facts(facts)}"
        yield f"\n{_quoted(message.content)}\n"


def _facts_of(message: PlaygroundMessageView) -> dict[str, str | None]:
    return {
        "Answered by": message.service_used,
        "Status": message.status,
        "Rating": THUMBS[message.rating] if message.rating else None,
        "Note": message.note,
        "Attached": ", ".join(file.name for file in message.attachments),
        "Created": _time(message.created_at),
    }


def _facts(facts: dict[str, str | None]) -> str:
    return "\n" + "".join(f"- {name}: {_line(it)}\n" for name, it in facts.items() if it)


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime(TIME)


def _line(text: str) -> str:
    """Return a text as one line without markup."""
    return re.sub(r"([\\`*_\[\]<>#!|~])", r"\\\1", " ".join(text.split()))


def _quoted(text: str) -> str:
    lines = outside_code(LINE_END.split(text), lambda line: MARKUP.sub(r"\\\g<0>", line))
    return "\n".join(f"> {line}" if line else ">" for line in lines) if text else ""


def outside_code(lines: list[str], change: Callable[[str], str]) -> Iterator[str]:
    """Yield lines, changed but for those between fences.

    Only fences at the start of a line are known for sure to be some: with others, all are changed.
    """
    has_other_fences = any(FENCE.match(line.lstrip(" >\t")) and line[0] in " >\t" for line in lines)
    fence = ""
    for line in lines:
        yield line if fence and not has_other_fences else change(line)
        fence = _fence_after(line, fence)


def _fence_after(line: str, fence: str) -> str:
    """Return the fence that is open after a line, or nothing."""
    begun = FENCE.match(line)
    if begun is None:
        return fence
    mark, rest = begun[1], line[begun.end() :]
    if not fence:
        return "" if mark[0] == "`" and "`" in rest else mark
    return "" if mark[0] == fence[0] and len(mark) >= len(fence) and not rest.strip() else fence


def file_name(session: PlaygroundSessionView) -> str:
    """Return a name for the file, of ASCII letters, digits and dashes."""
    name = (session.name or "").encode("ascii", "ignore").decode()
    return "-".join(NAMED.sub(" ", name).split()).lower()[:60] or "session"
