"""Redact email addresses, phone numbers, card numbers and custom patterns before texts are stored.

Ids are stored as sent, because they link rows; only an email address within the ID of a user or
session is replaced by a hash, the same for the same address.
"""

import hmac
import re
from collections.abc import Callable, Iterator
from enum import StrEnum
from functools import lru_cache
from typing import Annotated, Any, TypeVar, cast

import msgspec
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationInfo,
    WrapValidator,
    field_validator,
    model_validator,
)

from core.cache.cache import Cache
from core.database import settings
from core.database.db import read_session
from core.database.tables import STORED
from core.errors import Invalid
from core.ingest.pattern_budget import checked, within_budget
from core.platform import crypto
from core.platform.patterns import LARGE_BYTES, Pattern, compiled

MOST_PATTERNS = 50
# For hashes: no later rule takes letters for a number
LETTERS = str.maketrans("0123456789", "ghijklmnop")
SHORTEST_PHONE, LONGEST_PHONE = 8, 15  # digits; E.164
SHORTEST_CARD, LONGEST_CARD = 13, 19  # digits; ISO/IEC 7812
# Payment cards begin with these
FIRST_CARD_DIGITS = "23456"
MOST_GROUPS = 6
DOUBLED = str.maketrans("0123456789", "0246813579")  # twice the digit, its own digits summed
# In addresses of pages, %40 stands for @
EMAIL = (
    r"[\pL\pN._%+'-]+(?:@|%40)[\pL\pN](?:[\pL\pN-]*[\pL\pN])?(?:\.[\pL\pN](?:[\pL\pN-]*[\pL\pN])?)+"
)
CARD = r"\d(?:[ -]?\d){12,}"
PHONE = (
    r"(?:\+|\b00)[1-9](?:[ ./()-]{0,2}\d){7,14}\b"  # international
    r"|\(\d{2,5}\) ?\d{3,4}(?:[ ./-]?\d{2,5}){1,2}\b"  # (555) 123-4567
    r"|\b\d{3}[ .-]\d{3}[ .-]\d{4}\b"  # 555-123-4567
    r"|\b0\d{1,4}[ /-]\d{3,8}(?:[ -]\d{2,8})*\b"  # 0171 1234567
    r"|\b0\d(?:[ .-]\d{2}){4}\b"  # 06 12 34 56 78
)
# With less memory, searches for letters of all languages take four times as long
SIZES = [LARGE_BYTES]
Match = Any  # re2 has no types
Text = TypeVar("Text")


class Mode(StrEnum):
    """How matches are replaced: not at all, by their kind, or by their kind with a keyed hash."""

    OFF = "off"
    MASK = "mask"
    HASH = "hash"


class OwnPattern(BaseModel):
    """A custom RE2 pattern of the workspace; its name replaces the matches."""

    model_config = ConfigDict(frozen=True)

    name: str = Field(pattern=r"^[a-z][a-z0-9_-]{0,39}$")
    pattern: str = Field(min_length=1, max_length=1000)

    @field_validator("pattern")
    @classmethod
    def _is_usable(cls, pattern: str, info: ValidationInfo) -> str:
        if info.context is STORED:
            return pattern
        if checked(pattern, sizes=SIZES).fullmatch("") is not None:
            raise ValueError("This pattern matches empty text, so it would match everywhere.")
        return pattern


class Redaction(settings.SettingsGroup):
    """The redaction settings of the workspace."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "mode": "mask",
                "email": True,
                "phone": True,
                "card": True,
                "patterns": [{"name": "order", "pattern": "ORD-[0-9]{6}"}],
            }
        }
    )

    mode: Mode = Mode.OFF
    email: bool = True
    phone: bool = True
    card: bool = True
    patterns: Annotated[
        tuple[OwnPattern, ...], Field(max_length=MOST_PATTERNS), WrapValidator(within_budget)
    ] = ()

    @model_validator(mode="after")
    def _has_no_name_twice(self) -> "Redaction":
        names = [pattern.name for pattern in self.patterns]
        if len(set(names)) < len(names):
            raise ValueError("Two patterns have the same name.")
        return self


class Redactor:
    """Redacts texts according to the settings; created once per setting, used by many threads."""

    def __init__(self, rules: Redaction) -> None:
        """Compile the rules, custom patterns first."""
        self._is_hashed = rules.mode is Mode.HASH
        self._address = _compiled(EMAIL) if rules.email else None
        self._steps: list[tuple[Pattern, Callable[[Match], str]]] = [
            (_compiled(pattern.pattern), self._replacing(pattern.name))
            for pattern in rules.patterns
        ]
        built_in = (
            ("email", EMAIL, self._replacing("email")),
            ("card", CARD, self._card),
            ("phone", PHONE, self._phone),
        )
        self._steps += [
            (_compiled(pattern), replace)
            for name, pattern, replace in built_in
            if getattr(rules, name)
        ]

    def text(self, text: str) -> str:
        """Return a text with all matches replaced."""
        for pattern, replace in self._steps:
            text = str(pattern.sub(replace, text))
        return text

    def id(self, external_id: str) -> str:
        """Return a user or session ID with email addresses hashed, so that it stays unique."""
        if self._address is None or ("@" not in external_id and "%40" not in external_id):
            return external_id
        return str(
            self._address.sub(
                lambda match: _hashed("email", match[0].replace("%40", "@").lower()), external_id
            )
        )

    def value(self, value: Any) -> Any:  # noqa: ANN401  any JSON, or a part of a row
        """Return JSON with its texts and field names redacted."""
        match value:
            case str():
                return self.text(value)
            case dict():
                return {self.text(str(name)): self.value(item) for name, item in value.items()}
            case list():
                return [self.value(item) for item in value]
            case msgspec.Struct():
                return self.row(value)
            case _:
                return value

    def row(self, row: Text) -> Text:
        """Return a row with its class's `texts` redacted; raise Invalid for deep nesting."""
        struct: Any = row
        texts = ((name, getattr(struct, name)) for name in struct.texts)
        try:
            redacted = {name: self.value(value) for name, value in texts if value is not None}
        except RecursionError:
            raise Invalid("nested too deeply") from None
        for name in struct.persons:
            if (person_id := getattr(struct, name, None)) is not None:
                redacted[name] = self.id(person_id)
        return cast("Text", msgspec.structs.replace(struct, **redacted))

    def _replacing(self, name: str) -> Callable[[Match], str]:
        return lambda match: self._word(name, match[0].lower()) if match[0] else ""

    def _word(self, name: str, matched: str) -> str:
        return _hashed(name, matched) if self._is_hashed else f"[{name}]"

    def _phone(self, match: Match) -> str:
        digits = _digits(match[0])
        if not SHORTEST_PHONE <= len(digits) <= LONGEST_PHONE or _is_within(match):
            return cast("str", match[0])
        return self._word("phone", digits)

    def _card(self, match: Match) -> str:
        """Replace card numbers that consist of whole groups of digits."""
        text: str = match[0]
        position, parts = 0, []
        for start, end, digits in _cards(text):
            if start >= position:
                parts += [text[position:start], self._word("card", digits)]
                position = end
        return "".join(parts) + text[position:]


redactor_cache: Cache[None, Redactor | None] = Cache("redaction changed", max_age_s=10.0)


def current() -> Redactor | None:
    """Return the workspace's redactor, or None when redaction is off."""
    return redactor_cache.get(None, _read)


def _read() -> Redactor | None:
    with read_session() as session:
        rules = settings.read(session, Redaction)
    return None if rules.mode is Mode.OFF else _redactor(rules)


@lru_cache(maxsize=1)
def _redactor(rules: Redaction) -> Redactor:
    # Nothing else runs in the process while patterns are compiled: fifty large ones take seconds
    return Redactor(rules)


def _hashed(name: str, matched: str) -> str:
    digest = hmac.digest(crypto.keyring().redaction_key, f"{name}\0{matched}".encode(), "sha256")
    return f"[{name}:{digest.hex()[:16].translate(LETTERS)}]"


def _compiled(pattern: str) -> Pattern:
    return compiled(pattern, sizes=SIZES)


def _digits(text: str) -> str:
    return re.sub("[^0-9]", "", text)


def _is_within(match: Match) -> bool:
    """Whether the match is part of something longer, such as an ID."""
    text: str = match.string
    before, after = text[match.start() - 1 : match.start()], text[match.end() : match.end() + 2]
    if before.isalnum() or before in ("-", "_", ".", "/"):
        return True
    return (after[:1] in ("-", "_") and after[1:].isalnum()) or (
        after[:1] == "." and after[1:].isdigit()
    )


def _cards(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield start, end and digits of groups that form a card number, longest first."""
    groups = list(re.finditer(r"[0-9]+", text))
    for index, group in enumerate(groups):
        if group[0][0] not in FIRST_CARD_DIGITS:
            continue
        for stop in range(min(index + MOST_GROUPS, len(groups)), index, -1):
            digits = "".join(member[0] for member in groups[index:stop])
            if SHORTEST_CARD <= len(digits) <= LONGEST_CARD and _is_card(digits):
                yield group.start(), groups[stop - 1].end(), digits


def _is_card(digits: str) -> bool:
    """Whether the check digit (Luhn) is correct."""
    return (
        sum(map(int, digits[-1::-2])) + sum(map(int, digits[-2::-2].translate(DOUBLED)))
    ) % 10 == 0
