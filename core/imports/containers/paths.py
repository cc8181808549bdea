"""Paths into records: a column, or keys with dots between, whether the keys themselves hold dots or
not.
"""

from collections.abc import Callable
from typing import Any

Get = Callable[[Any], Any]


def getter(path: str) -> Get:
    """Return what finds a value in an object, or None: `usage.input_tokens` is that key, or a key
    within another.
    """
    if "." not in path:
        return lambda record: record.get(path)
    parts = path.split(".")

    def get(record: Any) -> Any:  # noqa: ANN401  any JSON
        found = record.get(path)
        return found if found is not None else within(record, parts)

    return get


def within(value: Any, parts: list[str]) -> Any:  # noqa: ANN401  any JSON
    """Return what lies at a path, the parts of which may be joined in one key."""
    if not parts:
        return value
    if isinstance(value, list):
        is_place = parts[0].isdecimal() and int(parts[0]) < len(value)
        return within(value[int(parts[0])], parts[1:]) if is_place else None
    if not isinstance(value, dict):
        return None
    # A key may hold dots itself.
    for size in range(1, len(parts) + 1):
        inner = value.get(".".join(parts[:size]))
        if inner is not None and (found := within(inner, parts[size:])) is not None:
            return found
    return None


def leaves(record: Any, before: str = "", *, depth: int = 4) -> dict[str, Any]:  # noqa: ANN401  any JSON
    """Return the values of an object by their paths; lists are values."""
    found: dict[str, Any] = {}
    for name, value in record.items():
        path = f"{before}{name}"
        if isinstance(value, dict) and value and depth > 1:
            found |= leaves(value, f"{path}.", depth=depth - 1)
        else:
            found[path] = value
    return found


def without(record: dict[str, Any], taken: list[list[str]]) -> dict[str, Any]:
    """Return an object without what lies at some paths, and without what is empty."""
    left: dict[str, Any] = {}
    for name, value in record.items():
        inner = _inner(name.split("."), taken)
        if [] in inner:
            continue
        if inner and isinstance(value, dict):
            value = without(value, inner)
            if not value:
                continue
        if value not in (None, "", [], {}):
            left[name] = value
    return left


def _inner(name: list[str], taken: list[list[str]]) -> list[list[str]]:
    return [path[len(name) :] for path in taken if path[: len(name)] == name]
