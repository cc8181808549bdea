"""What a row is without what one import has said of it: field by field, as it was before, but where others have spoken since.

A field is its value and how new that is (core/database/newest_values.py); of objects, each key is one. Rows are as Postgres makes
JSON of them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from core.activity.users import SEEN_AT
from core.conversations.ingest import BEGAN_AT

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Image = dict[str, Any]
Said = tuple[Any, Any]  # a value, and how new it is


class RowChange(NamedTuple):
    """How a row was before an import had its say (not at all: it made the row), and after; without that, it told no field."""

    before: Image | None
    after: Image | None


@dataclass(frozen=True)
class RowShape:
    """The fields of a kind of row, and which of them are objects. Some are told under another name."""

    plain: tuple[str, ...]
    objects: tuple[str, ...]
    names: Mapping[str, str] = field(default_factory=dict)
    unsaid: Mapping[str, Any] = field(default_factory=dict)  # what stands where nobody has said anything; else it is empty
    required: tuple[str, ...] = ()  # what is left as it is rather than emptied
    silent: tuple[Any, ...] = ()  # values that Attune itself has set, which nobody has told
    times: str = ""  # in `told`, some times, of each import by themselves

    def without(self, present: Image, changes: Iterable[RowChange]) -> Image:
        """Return the fields of a row without some changes, of which the last is given first, and how new they are (`told`)."""
        for change in changes:
            present = present | self._without_one(present, *change)
        return {name: present[name] for name in (*self.plain, *self.objects, "told")}

    def uncovered(self, fields: Image, shadowed: Iterable[Image]) -> Image:
        """Return the fields of a row with what imports said of it that something else hid, in the order in which they came."""
        said = self._said(fields)
        for image in shadowed:
            for path, (value, version) in self._said(dict.fromkeys((*self.plain, *self.objects)) | image).items():
                known = said.get(path, (None, None))[1]
                if version is not None and (known is None or known <= version):
                    said[path] = value, version
        return self._fields({path: each for path, each in said.items() if each is not None}, fields)

    def _without_one(self, present: Image, before: Image | None, after: Image | None) -> Image:
        if after is None:
            return {}
        now, was, left = self._said(present), self._said(before), self._said(after)
        # Nobody has spoken since: back to what stood there, as it stood.
        if now == left and before is not None:
            return {name: before[name] for name in (*self.plain, *self.objects, "told")}
        paths = dict.fromkeys((*was, *now))
        kept = {path: was.get(path) if self._is_same(now.get(path), left.get(path)) else now.get(path) for path in paths}
        return self._fields({path: said for path, said in kept.items() if said is not None}, present)

    def _is_same(self, now: Said | None, left: Said | None) -> bool:
        if now == left:
            return True
        return now is not None and left is not None and now[0] in self.silent and now[1] == left[1]

    def _said(self, image: Image | None) -> dict[str, Said]:
        if image is None:
            return {}
        told = image["told"]
        said = {name: (image[name], told.get(self.names.get(name, name))) for name in self.plain}
        for name in self.objects:
            said |= {f"{name}.{key}": (value, told.get(f"{name}.{key}")) for key, value in (image[name] or {}).items()}
        return said | {name: (None, times) for name, times in told.items() if name.partition(".")[0] == self.times}

    def times_in(self, told: Image) -> list[datetime]:
        """Return the times that are kept in `told`."""
        kept = [times for name, times in told.items() if name.partition(".")[0] == self.times]
        return [EPOCH + timedelta(microseconds=at) for times in kept for at in times]

    def _fields(self, said: dict[str, Said], present: Image) -> Image:
        image: Image = {name: self.unsaid.get(name) for name in self.plain} | {name: {} for name in self.objects}
        image |= {name: present[name] for name in self.required}
        told: Image = {}
        for path, (value, version) in said.items():
            name, _, key = path.partition(".")
            if path in self.plain:
                image[path] = value
            elif name in self.objects:
                image[name][key] = value
            if version is not None:
                told[self.names.get(path, path)] = version
        return image | {"told": told}


USERS = RowShape(("email", "display_name"), ("traits",), times=SEEN_AT)
CONVERSATIONS = RowShape(
    ("user_id", "session_type", "title", "status", "environment", "app", "release"),
    ("context",),
    names={"user_id": "user_name"},
    unsaid={"status": "active", "app": "", "release": ""},
    required=("environment",),
    times=BEGAN_AT,
)
RUNS = RowShape(
    (
        "status",
        "batch_job",
        "triggered_by",
        "environment",
        "app",
        "error_summary",
        "started_at",
        "completed_at",
        "total_jobs",
        "completed_jobs",
        "failed_jobs",
    ),
    ("phase_durations", "attributes"),
    unsaid={"batch_job": "batch", "app": ""},
    required=("status", "environment", "started_at"),
    silent=("lost",),
)
