"""What a file of cases gives."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from core.datasets.errors import DatasetFileRefused
from core.datasets.import_schemas import CaseFormat, UnsupportedPart
from core.datasets.schemas import MOST_CASES, CaseSplit, CaseTexts
from core.presentation.validation import message_of
from core.scoring.schemas import AllScorer, AnyScorer

MOST_UNSUPPORTED = 1000  # named in a report
MAX_REASON_CHARS = 300
MAX_TAG_CHARS = 64
MAX_TOTAL_BYTES = 40 * 2**20  # of all cases
MOST_TAGS = 30


@dataclass(frozen=True, slots=True)
class FileCase:
    texts: CaseTexts
    tags: tuple[str, ...] = ()
    split: CaseSplit | None = None
    conversation_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class ReferenceAnswer:
    """The answers to the turns of a case that the dataset has already."""

    line: int | None
    external_id: str
    turns: tuple[str, ...]


@dataclass
class ParsedCases:
    """The cases of a file, and its parts that were not imported."""

    format: CaseFormat
    cases: list[FileCase] = field(default_factory=list)
    answers: list[ReferenceAnswer] = field(default_factory=list)
    unsupported: list[UnsupportedPart] = field(default_factory=list)
    unsupported_count: int = 0
    scorers: Counter[str] = field(default_factory=Counter)
    size_bytes: int = 0

    def leave_out(self, line: int | None, part: str, reason: str) -> str:
        """Name a part that is not imported, and return it with the reason."""
        self.unsupported_count += 1
        reason = reason[:1].upper() + reason[1:MAX_REASON_CHARS]
        named = UnsupportedPart(line=line, part=part[:200], reason=reason)
        if len(self.unsupported) < MOST_UNSUPPORTED:
            self.unsupported.append(named)
        return f"{named.part}: {named.reason}"[:500]

    def add(self, line: int | None, part: str, **fields: Any) -> None:  # noqa: ANN401  of a case
        """Add a case, or name why it is invalid; raise DatasetFileRefused beyond MOST_CASES."""
        if len(self.cases) >= MOST_CASES:
            raise DatasetFileRefused(f"This file has more than {MOST_CASES:,} cases. Split it.")
        tags, split = fields.pop("tags", ()), fields.pop("split", None)
        conversation_id = fields.pop("conversation_id", None)
        try:
            texts = CaseTexts(**fields)
        except ValidationError as error:
            self.leave_out(line, part, f"Not imported: {reason_of(error)}")
            return
        self.size_bytes += len(texts.model_dump_json().encode())
        if self.size_bytes > MAX_TOTAL_BYTES:  # variables and templates can multiply a file
            raise DatasetFileRefused(f"These cases have more than {MAX_TOTAL_BYTES // 2**20} MiB.")
        self.cases.append(FileCase(texts, _fitting(tags), split, conversation_id))
        self.scorers.update(_kinds(texts.assertions))


def reason_of(error: ValidationError) -> str:
    """Return what is wrong first, with the name of the field."""
    first = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    message = message_of(first)
    return f"{where}: {message}" if where else message


def _fitting(tags: tuple[str, ...]) -> tuple[str, ...]:
    cleaned = (str(tag).replace("\0", "").strip()[:MAX_TAG_CHARS].strip() for tag in tags)
    return tuple(dict.fromkeys(filter(None, cleaned)))[:MOST_TAGS]


def _kinds(assertions: tuple[Any, ...]) -> Iterator[str]:
    for each in assertions:
        yield each.kind
        if isinstance(each, AllScorer | AnyScorer):
            yield from _kinds(each.scorers)
