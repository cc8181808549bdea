"""Where in a JSON document the records are: told by its beginning."""

from dataclasses import dataclass, field
from typing import Any

from core.imports.containers.json_files import KEY, VALUE
from core.imports.formats import articles, benchmark, langfuse, runs, turns

MOST_LOOKED_AT = 50
KNOWN_LISTS = ("resourceSpans", "batches")


@dataclass(frozen=True)
class Layout:
    """A path to the records, the first of them, and what stands beside them."""

    records: str
    first: list[dict[str, Any]]
    beside: dict[str, Any] = field(default_factory=dict)
    passed_over: tuple[str, ...] = ()  # other lists, which are not read


def of(tree: Any, *, is_complete: bool) -> Layout | None:  # noqa: ANN401  any JSON
    """Return where the records of a document are, by what is known of it; None for what holds none."""
    if isinstance(tree, list):
        return Layout("item", _first(_whole_ones(tree, is_complete)))
    if not isinstance(tree, dict) or not tree:
        return None
    return _of_object(tree, is_complete)


# Of a document that was cut, the last record may lack half of its fields.
def _whole_ones(found: list[Any], is_complete: bool) -> list[Any]:
    return found if is_complete or len(found) < 2 else found[:-1]


def _first(found: list[Any]) -> list[dict[str, Any]]:
    return [each if isinstance(each, dict) else {VALUE: each} for each in found[:MOST_LOOKED_AT]]


def _of_object(tree: dict[str, Any], is_complete: bool) -> Layout | None:
    for name in KNOWN_LISTS:
        if isinstance(tree.get(name), list):
            return Layout(f"{name}.item", [tree])
    if _is_one_record(tree):
        return Layout("", [tree])
    lists = {name: value for name, value in tree.items() if isinstance(value, list) and value and isinstance(value[0], dict)}
    if lists:
        return _of_lists(tree, lists, is_complete)
    inner = {name: value for name, value in tree.items() if isinstance(value, dict) and value}
    if len(inner) == len(tree) and _are_alike(list(inner.values()), is_complete):
        return Layout("*", [{**value, KEY: key} for key, value in _whole_pairs(inner, is_complete)])
    if turns.turns_in(tree) is not None:
        return Layout("", [tree])
    if articles.are_articles(dict(_whole_pairs(tree, is_complete))):
        pairs = _whole_pairs(tree, is_complete)
        return Layout("*", [{**value, KEY: key} if isinstance(value, dict) else {KEY: key, VALUE: value} for key, value in pairs])
    for name, value in inner.items():  # {"data": {"items": [...]}}
        found = next((key for key, each in value.items() if isinstance(each, list) and each and isinstance(each[0], dict)), None)
        if found is not None:
            return Layout(f"{name}.{found}.item", _first(_whole_ones(value[found], is_complete)), _beside(tree))
    return Layout("", [tree])


def _is_one_record(tree: dict[str, Any]) -> bool:
    return (
        turns.turns_in(tree, depth=1) is not None
        or benchmark.is_detailed(tree)
        or benchmark.is_summary(tree)
        or langfuse.is_trace(tree)
        or runs.is_run(tree)
    )


def _of_lists(tree: dict[str, Any], lists: dict[str, list[Any]], is_complete: bool) -> Layout:
    names = list(lists)
    keys = [set(each[0]) for each in lists.values()]
    if len(names) > 1 and all(len(keys[0] & each) >= len(keys[0] | each) * 0.6 for each in keys[1:]):
        return Layout("*.item", _first(_whole_ones(lists[names[0]], is_complete)), _beside(tree))
    best = max(names, key=lambda name: len(lists[name]))
    if not is_complete and len(names) == 1 and set(tree) == {best}:
        return Layout(f"{best}.item" if "." not in best else "*.item", _first(_whole_ones(lists[best], is_complete)))
    others = tuple(name for name in tree if isinstance(tree[name], list | dict) and name != best and tree[name])
    return Layout(f"{best}.item", _first(_whole_ones(lists[best], is_complete)), _beside(tree), others)


def _beside(tree: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in tree.items() if isinstance(value, str | int | float | bool)}


def _are_alike(found: list[dict[str, Any]], is_complete: bool) -> bool:
    """Whether the values of an object are records of one kind, and not chapters."""
    whole = _whole_ones(found, is_complete)
    every = [set(each) for each in whole]
    if len(every) < 2:
        return False
    common = set.intersection(*every)
    has_figures = any(isinstance(value, int | float) for value in whole[0].values())
    has_turns = turns.turns_in(whole[0]) is not None
    return (
        bool(common)
        and len(common) >= len(every[0]) * 0.5
        and (has_figures or has_turns or not articles.are_articles({str(place): each for place, each in enumerate(whole)}))
    )


def _whole_pairs(found: dict[str, Any], is_complete: bool) -> list[tuple[str, Any]]:
    pairs = list(found.items())
    return (pairs if is_complete or len(pairs) < 2 else pairs[:-1])[:MOST_LOOKED_AT]
