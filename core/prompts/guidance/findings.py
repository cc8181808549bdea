"""What a check of a prompt says."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from core.identity.schemas import View

MOST_NAMES = 5


class PromptFindingCode(StrEnum):
    UNDECLARED_VARIABLE = "undeclared_variable"
    UNUSED_VARIABLE = "unused_variable"
    INVALID_PLACEHOLDER = "invalid_placeholder"
    TOO_LONG = "too_long"
    SECRET = "secret"  # noqa: S105  a code, no secret
    PERSONAL_DATA = "personal_data"
    EMPTY_SECTION = "empty_section"
    UNCLOSED_TAG = "unclosed_tag"
    CONTRADICTION = "contradiction"
    NO_OUTPUT_FORMAT = "no_output_format"


class PromptFinding(View):
    """A possible problem of a prompt, and the reason; `line` counts from 1 within the field.

    `message` quotes the prompt's own headings and instructions, but never a secret.
    """

    code: PromptFindingCode
    message: str
    reason: str
    field: Literal["system_prompt", "prompt"] | None = None
    line: int | None = None


@dataclass(frozen=True)
class FieldText:
    """The text of a field of a prompt."""

    field: Literal["system_prompt", "prompt"]
    text: str

    def finding(
        self, code: PromptFindingCode, message: str, reason: str, line: int
    ) -> PromptFinding:
        """Return a finding on a line of this text."""
        return PromptFinding(code=code, message=message, reason=reason, field=self.field, line=line)


def line_at(text: str, position: int) -> int:
    """Return the number of the line of a position."""
    return text.count("\n", 0, position) + 1


def listed(names: Iterable[str]) -> str:
    """Return names as a list that stays short, each once."""
    each = list(dict.fromkeys(names))
    more = f" and {len(each) - MOST_NAMES} more" if len(each) > MOST_NAMES else ""
    return ", ".join(each[:MOST_NAMES]) + more
