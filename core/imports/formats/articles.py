"""Documents that are the keys of one object: `{"reset_2fa": ["pull-up-account", ...], ...}`, or
headings with texts below.
"""

from collections.abc import Iterator
from typing import Any

from core.imports.cells import values
from core.imports.containers.json_files import KEY, VALUE
from core.imports.fields import LONGEST_TEXT
from core.imports.mapping import Mapping
from core.imports.row_makers import MakeRows, Row
from core.platform.clock import EPOCH

DEEPEST = 12


def are_articles(found: dict[str, Any]) -> bool:
    """Whether the values of an object are texts: lists of words, or texts below headings, and no
    rows of figures.
    """
    every = list(found.values())
    if len(every) > 1 and all(isinstance(each, str) for each in every):
        return sum(map(len, every)) / len(every) >= 40
    if len(every) > 1 and all(
        isinstance(each, list) and each and all(isinstance(word, str) for word in each)
        for each in every
    ):
        return True
    return bool(every) and all(isinstance(each, dict) and _is_outline(each) for each in every)


def _is_outline(value: Any, depth: int = 0) -> bool:  # noqa: ANN401  any JSON
    """Whether there is nothing but text in an object, and headings below headings."""
    if depth > DEEPEST:
        return False
    if isinstance(value, str):
        return True
    if not isinstance(value, dict | list):
        return False
    inner = list(value.values()) if isinstance(value, dict) else value
    if not all(_is_outline(each, depth + 1) for each in inner):
        return False
    return depth > 0 or any(isinstance(each, dict | list) for each in inner)


def maker(mapping: Mapping) -> MakeRows:
    """Return what makes a document of a key and what stands below it."""
    at = (mapping.start or EPOCH).isoformat()

    def make(record: Row, position: int) -> list[Row]:
        key = str(record.get(KEY) or f"document {position}")
        below = {name: inner for name, inner in record.items() if name != KEY}
        value = below.get(VALUE, below)
        content = "\n".join(_lines(value, 2)).strip()[:LONGEST_TEXT]
        return [
            {
                "id": key[:128],
                "title": _title_of(key),
                "content": content,
                "created_at": at,
                "updated_at": at,
            }
        ]

    return make


def _title_of(key: str) -> str:
    """Return a key as a title: `reset_2fa` is `Reset 2fa`."""
    words = key.replace("_", " ").strip()
    return (words[:1].upper() + words[1:])[:500]


def _lines(value: Any, level: int) -> Iterator[str]:  # noqa: ANN401  any JSON
    if isinstance(value, dict):
        for name, inner in value.items():
            if isinstance(inner, dict | list):
                yield f"\n{'#' * min(level, 6)} {_title_of(str(name))}\n"
                yield from _lines(inner, level + 1)
            elif not values.is_nothing(inner):
                yield f"**{_title_of(str(name))}:** {values.text(inner)}"
    elif isinstance(value, list):
        for place, inner in enumerate(value, 1):
            if isinstance(inner, dict):
                yield f"{place}. " + " – ".join(
                    values.text(each) for each in inner.values() if isinstance(each, str) and each
                )
                yield from (
                    f"   - {values.text(each)}"
                    for many in inner.values()
                    if isinstance(many, list)
                    for each in many
                )
            elif not values.is_nothing(inner):
                yield f"{place}. {values.text(inner)}"
    elif not values.is_nothing(value):
        yield values.text(value)
