"""Texts as they are compared."""

from unicodedata import normalize


def comparable(text: str, *, case_sensitive: bool = False) -> str:
    """Return a text whose letters with accents are each one character, as macOS does not write
    them; without a difference of case unless that counts.
    """
    composed = normalize("NFC", text)
    return composed if case_sensitive else normalize("NFC", composed.casefold())
