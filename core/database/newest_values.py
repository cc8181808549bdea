"""Merge several reports of one thing: of each field the newest value holds, whatever the order of arrival."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

Version = list[int]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def version_of(at: datetime) -> Version:
    """Return the version of what was told as of a moment."""
    return [round(at.timestamp() * 1_000_000)]


def moment_of(version: Version) -> datetime:
    """Return the moment that a version is of."""
    return EPOCH + timedelta(microseconds=version[0])


def name_by(name: str, import_id: UUID | None) -> str:
    """Return under which name a time is kept that somebody has told: each import has its own, so that it can be undone."""
    return name if import_id is None else f"{name}.{import_id}"


@dataclass
class KnownFields:
    """What is known of a thing, and of each field how new it is; objects are known by their own fields."""

    values: dict[str, Any]
    told: dict[str, Version]

    def learn(self, given: dict[str, Any], version: Version) -> bool:
        """Take what is not older than what is known, and return whether anything changed. None says nothing.

        Of two that are equally new, the later to arrive holds.
        """
        changed = False
        for name, value in given.items():
            if isinstance(value, dict):
                changed |= self._learn_fields(name, value, version)
            elif value is not None and self._is_news(name, version) and self.values.get(name) != value:
                self.values[name] = value
                changed = True
        return changed

    def unmoved_by(self, given: dict[str, Any], version: Version) -> dict[str, Any]:
        """Return what of a row would change nothing, because the same or something newer is known."""
        found: dict[str, Any] = {}
        for name, value in given.items():
            if isinstance(value, dict):
                present = self.values.get(name) or {}
                same = {key: each for key, each in value.items() if self._holds(f"{name}.{key}", each, present.get(key), version)}
                found |= {name: same} if same else {}
            elif value is not None and self._holds(name, value, self.values.get(name), version):
                found[name] = value
        return found

    def _holds(self, field: str, value: Any, present: Any, version: Version) -> bool:  # noqa: ANN401  any JSON
        at = self.told.get(field)
        return at is not None and (at > version or (at == version and value == present))

    def note_span(self, name: str, at: Version) -> None:
        """Keep the earliest and the latest of some times, whatever else was told: an undo cannot find them in other rows."""
        times = self.told.get(name, []) + at
        self.told[name] = [min(times), max(times)]

    def note_first(self, name: str, at: Version) -> None:
        """Keep the earliest of some times, in the same way."""
        self.told[name] = min(self.told.get(name, at), at)

    def _learn_fields(self, name: str, given: dict[str, Any], version: Version) -> bool:
        present = dict(self.values.get(name) or {})
        news = {key: value for key, value in given.items() if self._is_news(f"{name}.{key}", version)}
        self.values[name] = present | news
        return bool(self.values[name] != present)

    def _is_news(self, field: str, version: Version) -> bool:
        if self.told.get(field, version) > version:
            return False
        self.told[field] = version
        return True
