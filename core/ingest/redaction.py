"""Redact e-mail addresses, phone numbers, cards and custom patterns before texts are stored.

Texts are what people and models wrote, and what describes them. Ids hold rows together, and stay as they were sent; but an e-mail
address in the id of a user or a session becomes a hash, the same for the same (docs/decisions/0014).
"""

import hmac
import re
from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import Annotated, Any, TypeVar, cast

import msgspec
import re2
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from core.cache.recall import Recall
from core.database import settings
from core.database.db import reading
from core.errors import Invalid
from core.platform import crypto

MOST_PATTERNS = 50
LETTERS = str.maketrans("0123456789", "ghijklmnop")  # of a hash: no later rule takes it for a number
SHORTEST_PHONE, LONGEST_PHONE = 8, 15  # digits; E.164
SHORTEST_CARD, LONGEST_CARD = 13, 19  # digits; ISO/IEC 7812
FIRST_OF_CARD = "23456"
MOST_GROUPS = 6
DOUBLED = str.maketrans("0123456789", "0246813579")  # twice the digit, its own digits summed
EMAIL = r"[\pL\pN._%+'-]+(?:@|%40)[\pL\pN](?:[\pL\pN-]*[\pL\pN])?(?:\.[\pL\pN](?:[\pL\pN-]*[\pL\pN])?)+"
CARD = r"\d(?:[ -]?\d){12,}"
PHONE = (
    r"(?:\+|\b00)[1-9](?:[ ./()-]{0,2}\d){7,14}\b"  # international
    r"|\(\d{2,5}\) ?\d{3,4}(?:[ ./-]?\d{2,5}){1,2}\b"  # (555) 123-4567
    r"|\b\d{3}[ .-]\d{3}[ .-]\d{4}\b"  # 555-123-4567
    r"|\b0\d{1,4}[ /-]\d{3,8}(?:[ -]\d{2,8})*\b"  # 0171 1234567
    r"|\b0\d(?:[ .-]\d{2}){4}\b"  # 06 12 34 56 78
)
Found = Any  # re2 has no types
Pattern = Any
Text = TypeVar("Text")


class Mode(StrEnum):
    """What becomes of what is found: nothing, a word for its kind, or a word with a keyed hash, the same for the same."""

    OFF = "off"
    MASK = "mask"
    HASH = "hash"


class OwnPattern(BaseModel):
    """A pattern of the workspace's own, in the syntax of RE2; its name stands where something was found."""

    model_config = ConfigDict(frozen=True)

    name: str = Field(pattern=r"^[a-z][a-z0-9_-]{0,39}$")
    pattern: str = Field(min_length=1, max_length=1000)

    @field_validator("pattern")
    @classmethod
    def _is_usable(cls, given: str) -> str:
        try:
            compiled = _compiled(given)
        except (re2.error, UnicodeError) as error:
            raise ValueError(
                f"Invalid RE2 pattern: {_reason(error)}. Lookarounds and backreferences are not supported."
            ) from None
        if compiled.fullmatch("") is not None:
            raise ValueError("This pattern matches empty text, so it would match everywhere.")
        return given


class Redaction(settings.Group):
    """What is taken out of what comes in."""

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
    patterns: Annotated[tuple[OwnPattern, ...], Field(max_length=MOST_PATTERNS)] = ()

    @model_validator(mode="after")
    def _has_no_name_twice(self) -> "Redaction":
        names = [each.name for each in self.patterns]
        if len(set(names)) < len(names):
            raise ValueError("Two patterns have the same name.")
        return self


class Redactor:
    """Takes out of texts what the rules find; made once for a setting, used by many threads."""

    def __init__(self, rules: Redaction) -> None:
        """Compile the rules, the workspace's own first."""
        self._is_hashed = rules.mode is Mode.HASH
        self._address = _compiled(EMAIL) if rules.email else None
        self._steps: list[tuple[Pattern, Callable[[Found], str]]] = [
            (_compiled(each.pattern), self._replacing(each.name)) for each in rules.patterns
        ]
        known = (("email", EMAIL, self._replacing("email")), ("card", CARD, self._card), ("phone", PHONE, self._phone))
        self._steps += [(_compiled(pattern), act) for name, pattern, act in known if getattr(rules, name)]

    def text(self, given: str) -> str:
        """Return a text without what is found in it."""
        for pattern, act in self._steps:
            given = str(pattern.sub(act, given))
        return given

    def id(self, given: str) -> str:
        """Return an id of a user or a session with a hash in place of an address, in any mode: it is to stay one of many."""
        if self._address is None or ("@" not in given and "%40" not in given):
            return given
        return str(self._address.sub(lambda found: _hashed("email", found[0].replace("%40", "@").lower()), given))

    def value(self, given: Any) -> Any:  # noqa: ANN401  any JSON, or a part of a row
        """Return JSON, its texts and the names of its fields redacted."""
        match given:
            case str():
                return self.text(given)
            case dict():
                return {self.text(str(name)): self.value(inner) for name, inner in given.items()}
            case list():
                return [self.value(inner) for inner in given]
            case msgspec.Struct():
                return self.row(given)
            case _:
                return given

    def row(self, row: Text) -> Text:
        """Return a row whose class names its `texts`, with those redacted; raise Invalid for one that is nested too deeply."""
        given: Any = row
        present = ((name, getattr(given, name)) for name in given.texts)
        try:
            fresh = {name: self.value(value) for name, value in present if value is not None}
        except RecursionError:
            raise Invalid("nested too deeply") from None
        for name in given.persons:
            if (named := getattr(given, name, None)) is not None:
                fresh[name] = self.id(named)
        return cast("Text", msgspec.structs.replace(given, **fresh))

    def _replacing(self, name: str) -> Callable[[Found], str]:
        return lambda found: self._word(name, found[0].lower()) if found[0] else ""

    def _word(self, name: str, what: str) -> str:
        return _hashed(name, what) if self._is_hashed else f"[{name}]"

    def _phone(self, found: Found) -> str:
        digits = _digits(found[0])
        if not SHORTEST_PHONE <= len(digits) <= LONGEST_PHONE or _is_within(found):
            return cast("str", found[0])
        return self._word("phone", digits)

    def _card(self, found: Found) -> str:
        """Replace what passes as a card's number: whole groups of digits, for those before and after it may be something else."""
        text: str = found[0]
        done, kept = 0, []
        for start, end, digits in _cards(text):
            if start >= done:
                kept += [text[done:start], self._word("card", digits)]
                done = end
        return "".join(kept) + text[done:]


recalled: Recall[None, Redactor | None] = Recall("redaction changed", for_s=10.0)


def current() -> Redactor | None:
    """Return what redacts here and now, or None when nothing is to be done."""
    return recalled.get(None, _read)


def _read() -> Redactor | None:
    with reading() as session:
        rules = settings.read(session, Redaction)
    return None if rules.mode is Mode.OFF else Redactor(rules)


def _hashed(name: str, what: str) -> str:
    digest = hmac.digest(crypto.keyring().redaction_key, f"{name}\0{what}".encode(), "sha256")
    return f"[{name}:{digest.hex()[:16].translate(LETTERS)}]"


def _compiled(pattern: str) -> Pattern:
    options = re2.Options()
    options.log_errors = False
    return re2.compile(pattern, options)


def _reason(error: Exception) -> str:
    said = error.args[0] if error.args else ""
    return said.decode(errors="replace") if isinstance(said, bytes) else str(said)


def _digits(text: str) -> str:
    return re.sub("[^0-9]", "", text)


def _is_within(found: Found) -> bool:
    """Whether what was found is only a part of something longer, such as an id."""
    whole: str = found.string
    before, after = whole[found.start() - 1 : found.start()], whole[found.end() : found.end() + 2]
    if before.isalnum() or before in ("-", "_", ".", "/"):
        return True
    return (after[:1] in ("-", "_") and after[1:].isalnum()) or (after[:1] == "." and after[1:].isdigit())


def _cards(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield where groups of digits begin and end that are a card's number together, and the number; the longest first."""
    groups = list(re.finditer(r"[0-9]+", text))
    for number, first in enumerate(groups):
        if first[0][0] not in FIRST_OF_CARD:
            continue
        for last in range(min(number + MOST_GROUPS, len(groups)), number, -1):
            digits = "".join(group[0] for group in groups[number:last])
            if SHORTEST_CARD <= len(digits) <= LONGEST_CARD and _is_card(digits):
                yield first.start(), groups[last - 1].end(), digits


def _is_card(digits: str) -> bool:
    """Whether the check digit is right (Luhn)."""
    return (sum(map(int, digits[-1::-2])) + sum(map(int, digits[-2::-2].translate(DOUBLED)))) % 10 == 0
