"""Error summaries of batch runs: a text, or an object, which is stored as its JSON."""

from typing import Any

import msgspec

ErrorSummary = str | dict[str, Any]
# The fields of an object that tell most, in this order
TELLING = ("message", "summary", "error", "detail", "reason", "title", "code", "type")


def stored(summary: ErrorSummary | None) -> tuple[str | None, bool | None]:
    """Return a summary as text, and whether the text is the JSON of an object."""
    if summary is None:
        return None, None
    if isinstance(summary, str):
        return summary, False
    return msgspec.json.encode(summary).decode(), True


def loaded(stored_text: str | None, *, is_object: bool | None) -> ErrorSummary | None:
    """Return a summary as it was sent."""
    if stored_text is None or not is_object:
        return stored_text
    found: dict[str, Any] = msgspec.json.decode(stored_text)
    return found


def in_words(summary: ErrorSummary | None) -> str | None:
    """Return a summary for one line: of an object its message, else its texts, else its JSON."""
    if not isinstance(summary, dict):
        return summary
    texts = (summary.get(name) for name in TELLING)
    found = next((text for text in texts if isinstance(text, str) and text), None)
    if found is None and summary and all(isinstance(each, str) for each in summary.values()):
        return "; ".join(f"{name}: {said}" for name, said in summary.items())
    return found or msgspec.json.encode(summary).decode()
