"""The first records of a file, by column and path, and what they are found to be."""

from dataclasses import dataclass, field
from typing import Any

from core.imports.cells import values
from core.imports.containers.json_files import KEY
from core.imports.containers.paths import getter, leaves
from core.imports.mapping import Container, Mapping
from core.imports.parsed import RowKind
from core.imports.recognition import guess

Object = dict[str, Any]


@dataclass
class FileSample:
    """The first records of a file as objects, and how the file holds them."""

    container: Container
    records: str = ""
    separator: str | None = None
    header: bool = True
    columns: list[str] = field(default_factory=list)
    first: list[Object] = field(default_factory=list)
    beside: Object = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def mapping(self, kind: RowKind, **given: Any) -> Mapping:  # noqa: ANN401  the mapping's fields
        """Return a mapping for a file that holds its records so."""
        return Mapping(
            container=self.container, records=self.records, delimiter=self.separator, header=self.header, kind=kind, **given
        )


@dataclass(frozen=True)
class RecognisedFile:
    """What a file is. A kind of None is a table of which nobody knows what its rows are."""

    format: str
    title: str
    kind: RowKind | None
    mapping: Mapping
    notes: tuple[str, ...] = ()


def by_path(sample: FileSample) -> guess.Samples:
    """Return the first values of each path."""
    return values_by_path(sample.first, sample.columns)


def values_by_path(first: list[Object], columns: list[str] | None = None) -> guess.Samples:
    """Return the values of each path in some records; of columns without any, none."""
    found: guess.Samples = {path: [] for path in columns or ()}
    for record in first:
        objects = {name: value for name, value in record.items() if isinstance(value, dict)}
        for path, value in {**objects, **leaves(record)}.items():
            if path != KEY:
                found.setdefault(path, []).append(value)
    return found


def told(first: list[Object], path: str) -> list[Any]:
    """Return what stands at a path in some records."""
    get = getter(path)
    return [value for record in first if not values.is_nothing(value := get(record))]
