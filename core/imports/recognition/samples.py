"""The first records of a file, by column and path."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from core.imports.cells import values
from core.imports.containers.json_files import KEY
from core.imports.containers.paths import getter, leaves
from core.imports.containers.tables import MOST_COLUMNS
from core.imports.mapping import Container, Mapping, RecordShape
from core.imports.parsed import RowKind
from core.imports.recognition.result import Recognition

Object = dict[str, Any]
Samples = dict[str, list[Any]]  # values by path
# Objects keyed by ids have any number of paths, and each is compared with the names of all fields;
# a record's own keys may come after them
MOST_NESTED_PATHS = MOST_COLUMNS // 4


@dataclass
class FileSample:
    """The first records of a file as objects, and how the file holds them."""

    container: Container
    records: str = ""
    delimiter: str | None = None
    header: bool = True
    columns: list[str] = field(default_factory=list)
    first: list[Object] = field(default_factory=list)
    # Plain values that stand next to the list of records
    beside: Object = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def mapping(self, kind: RowKind, **fields: Any) -> Mapping:  # noqa: ANN401  the mapping's fields
        return Mapping(
            container=self.container,
            records=self.records,
            delimiter=self.delimiter,
            header=self.header,
            kind=kind,
            **fields,
        )

    def recognized(
        self,
        title: str,
        kind: RowKind,
        shape: RecordShape,
        *,
        name: str = "",
        notes: tuple[str, ...] = (),
        **fields: Any,  # noqa: ANN401  the mapping's
    ) -> Recognition:
        """Return the records as rows of a kind; the format has the name of their shape if it has
        none of its own.
        """
        mapping = self.mapping(kind, format=shape, **fields)
        return Recognition(
            format=name or shape, title=title, kind=kind, mapping=mapping, notes=list(notes)
        )


def values_by_path(first: Iterable[Object], columns: Iterable[str] = ()) -> Samples:
    """Return the values of the first paths in some records; of columns without any, none."""
    found: Samples = {path: [] for path in columns}
    for record in first:
        objects = {name: value for name, value in record.items() if isinstance(value, dict)}
        for path, value in {**objects, **leaves(record)}.items():
            most = MOST_COLUMNS if path in record else MOST_NESTED_PATHS
            if path != KEY and (path in found or len(found) < most):
                found.setdefault(path, []).append(value)
    return found


def values_at(first: Iterable[Object], path: str) -> list[Any]:
    """Return the values at a path in some records, without empty ones."""
    get = getter(path)
    return [value for record in first if not values.is_nothing(value := get(record))]
