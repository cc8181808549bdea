"""Values that Attune does not know: states, roles and event types, each with what a person may say
that it means.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from core.activity.queries.funnels.funnel import STEPS
from core.imports.cells import states, values
from core.imports.containers.paths import getter
from core.imports.formats import turns
from core.imports.mapping import Mapping, TurnPaths, ValueType
from core.imports.parsed import RowKind

ROLE = "role"
MOST_VALUES = 50  # of a field, the most frequent ones
LONGEST = 60
MOST_RECORDS = 100_000

Unknown = dict[str, dict[str, int]]  # by field: rows by value


def options(field: str, kind: RowKind) -> list[str]:
    """Return what a value of a field may mean."""
    if field == "event_type":
        return list(STEPS)
    if field == ROLE:
        return ["user", "assistant", "system", "tool"]
    return sorted(set(states.STATES.get(kind, {}).values()))


def unknown(mapping: Mapping, records: Iterable[Any]) -> Unknown:
    """Return the values of states and roles that no row can be stored with, and how often they are
    there.
    """
    readers = {
        name: (getter(rule.path), values.reader(name, rule, mapping))
        for name, rule in mapping.fields.items()
        if rule.path and rule.as_ is ValueType.STATUS
    }
    turns_ = mapping.turns if mapping.turns is not None and mapping.turns.role else None
    found: dict[str, Counter[str]] = {}
    for record in islice(records, MOST_RECORDS) if readers or turns_ else ():
        for name, (get, read) in readers.items():
            if not values.is_nothing(value := get(record)):
                try:
                    read(value)
                except ValueError:
                    found.setdefault(name, Counter())[values.text(value, LONGEST)] += 1
        if turns_ is not None:
            found.setdefault(ROLE, Counter()).update(_roles(record, turns_))
    return {
        name: dict(counted.most_common(MOST_VALUES)) for name, counted in found.items() if counted
    }


def event_types(mapping: Mapping, records: Iterable[Any]) -> list[str]:
    """Return the event types that are no step of onboarding, the most frequent first."""
    rule = mapping.fields.get("event_type")
    if mapping.kind is not RowKind.EVENTS or rule is None or not rule.path:
        return []
    get = getter(rule.path)
    found = Counter(
        values.text(value, 200) for record in records if not values.is_nothing(value := get(record))
    )
    return [
        value
        for value, _ in found.most_common(MOST_VALUES)
        if value not in STEPS and value not in rule.values
    ]


def _roles(record: Any, turns_: TurnPaths) -> Iterator[str]:  # noqa: ANN401  any JSON
    known = {*map(values.word_of, turns_.roles), *turns.ROLES}
    for turn in turns.of_record(record, turns_)[: turns.MOST_TURNS]:
        role = turns.role_of(turn, turns_)
        if not values.is_nothing(role) and values.word_of(role) not in known:
            yield values.text(role, LONGEST)


def with_meanings(mapping: dict[str, Any], given: dict[str, dict[str, str]]) -> dict[str, Any]:
    """Return a mapping that knows what some values mean, by field."""
    fields, turns_ = dict(mapping.get("fields", {})), mapping.get("turns")
    for field, meanings in given.items():
        if field == ROLE and turns_:
            turns_ = {**turns_, "roles": {**turns_.get("roles", {}), **meanings}}
        elif field in fields:
            fields[field] = {
                **fields[field],
                "values": {**fields[field].get("values", {}), **meanings},
            }
    return mapping | {"fields": fields, "turns": turns_}
