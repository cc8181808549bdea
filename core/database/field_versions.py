"""Merge several reports of one row: each field has its newest value, in whatever order."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec

from core.platform.clock import EPOCH, MICROSECOND

Version = list[int]
Fields = dict[str, list[Any]]  # value and version of each field, those of objects as `object.key`
# As much as one row may have (core/ingest/bodies.py): of an object that is merged from several,
# each further row reads and writes all
MOST_BYTES, MOST_FIELDS = 2**20, 50_000


def version_of(at: datetime) -> Version:
    """Return the version of values reported as of a time."""
    return [round(at.timestamp() * 1_000_000)]


def moment_of(version: Version) -> datetime:
    """Return the time of a version."""
    return EPOCH + version[0] * MICROSECOND


def name_by(name: str, import_id: UUID | None) -> str:
    """Return the name under which a time is stored: each import has its own, for its undo."""
    return name if import_id is None else f"{name}.{import_id}"


def merge(fields: Fields, given: dict[str, Any], version: Version) -> None:
    """Add what a row reports, as VersionedFields merges it."""
    for path, value in _flat(given):
        if path not in fields or fields[path][1] <= version:
            fields[path] = [_plain(value), version]


def is_too_large(fields: Mapping[str, Any]) -> bool:
    """Whether an object has more than a row may have."""
    return len(fields) > MOST_FIELDS or len(msgspec.json.encode(fields)) > MOST_BYTES


def _plain(value: Any) -> Any:  # noqa: ANN401  any JSON
    # As JSON gives it back: it is compared with what traces have stored
    return msgspec.to_builtins(value.astimezone(UTC) if isinstance(value, datetime) else value)


def _flat(values: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield from ((f"{name}.{key}", each) for key, each in value.items())
        elif value is not None:
            yield name, value


@dataclass
class VersionedFields:
    """The fields of a row with the version of each; nested fields have versions of their own."""

    values: dict[str, Any]
    versions: dict[str, Version]

    def merge(self, given: dict[str, Any], version: Version) -> bool:
        """Merge values that are not older than the stored ones, and return whether anything
        changed. None is ignored.

        Of two equal versions, the later to arrive applies.
        """
        changed = False
        for name, value in given.items():
            if isinstance(value, dict):
                changed |= self._merge_fields(name, value, version)
            elif (
                value is not None
                and self._is_newer(name, version)
                and self.values.get(name) != value
            ):
                self.values[name] = value
                changed = True
        return changed

    def drop_excess(self) -> None:
        """Keep the newest fields of each object that has more than a row may have."""
        for name, value in self.values.items():
            if isinstance(value, dict) and is_too_large(value):
                self._drop_oldest(name, value)

    def fields(self) -> Fields:
        """Return every field that was reported, with its value and its version."""
        values = dict(_flat(self.values))
        return {
            path: [_plain(values.get(path)), version] for path, version in self.versions.items()
        }

    def note_span(self, name: str, at: Version) -> None:
        """Keep the earliest and latest time under a name, which no other row has."""
        times = self.versions.get(name, []) + at
        self.versions[name] = [min(times), max(times)]

    def note_first(self, name: str, at: Version) -> None:
        """Keep the earliest time under a name, in the same way."""
        self.versions[name] = min(self.versions.get(name, at), at)

    def _merge_fields(self, name: str, given: dict[str, Any], version: Version) -> bool:
        present = dict(self.values.get(name) or {})
        news = {
            key: value for key, value in given.items() if self._is_newer(f"{name}.{key}", version)
        }
        merged = present | news
        changed = any(key not in present or present[key] != news[key] for key in news)
        if len(merged) > 2 * MOST_FIELDS:  # rarely: all of it is sorted
            self._drop_oldest(name, merged)
        self.values[name] = merged
        return changed

    def _drop_oldest(self, name: str, fields: dict[str, Any]) -> None:
        """Drop the oldest fields of an object with their versions, until a row may have it."""
        kept, room = 0, MOST_BYTES
        for key in sorted(fields, key=lambda key: self.versions[f"{name}.{key}"], reverse=True):
            kept, room = kept + 1, room - len(msgspec.json.encode({key: fields[key]}))
            if kept > MOST_FIELDS or room < 0:
                del fields[key], self.versions[f"{name}.{key}"]

    def _is_newer(self, field: str, version: Version) -> bool:
        if self.versions.get(field, version) > version:
            return False
        self.versions[field] = version
        return True
