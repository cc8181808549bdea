"""What fields are called elsewhere, in seven languages (names.toml), the surest names first."""

import re
import tomllib
import unicodedata
from functools import lru_cache
from importlib.resources import files

from core.imports.parsed import RowKind

SEPARATORS = re.compile(r"[^0-9a-z]+")
LETTERS = str.maketrans(
    {"µ": "u", "μ": "u", "ß": "ss", "ø": "o", "Ø": "O", "æ": "ae", "œ": "oe", "ł": "l"}
)
HUMPS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")

_lists = tomllib.loads(files(__package__).joinpath("names.toml").read_text("utf-8"))
TRANSLATIONS = {name: tuple(text.split()) for name, text in _lists["translations"].items()}


@lru_cache(maxsize=10_000)
def plain(name: str) -> str:
    """Return a name as it is compared: `ContextTokens`, `context.tokens` and `Context Tokens` are
    one, `Länge` is `lange`.
    """
    if not name.isascii():
        # First of all: a Greek letter would be lost, and microseconds become seconds.
        parts = unicodedata.normalize("NFKD", name.translate(LETTERS))
        name = "".join(each for each in parts if not unicodedata.combining(each))
    return SEPARATORS.sub("_", HUMPS.sub("_", name).lower()).strip("_")


def _translated(name: str, english: str) -> tuple[str, ...]:
    if english.startswith("@"):
        english = _lists["shared"][english[1:]]
    return (*english.split(), *TRANSLATIONS.get(name, ()))


def _words(name: str) -> tuple[str, ...]:
    return _translated(name, _lists["words"][name])


NAMES: dict[RowKind, dict[str, tuple[str, ...]]] = {
    RowKind(kind): {field: _translated(field, names) for field, names in fields.items()}
    for kind, fields in _lists["fields"].items()
}
TIME = tuple(_lists["shared"]["time"].split())
MEMORY_WORDS, RATING_WORDS, EVENT_WORDS = map(
    frozenset, map(_words, ("memory", "rating", "event_type"))
)
ROLES, TEXTS, TURNS, ASKED, ANSWERED = map(_words, ("roles", "texts", "turns", "asked", "answered"))
NOT_WHEN, NOT_TOKENS, LENGTHS, ASKED_SIDE, ANSWERED_SIDE = map(
    frozenset, map(_words, ("not_when", "not_tokens", "lengths", "asked_side", "answered_side"))
)
