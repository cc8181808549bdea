"""Where the records of a JSON document are, told by its beginning."""

from typing import Any

from core.imports.containers.json_files import VALUE, keyed
from core.imports.formats import articles, benchmark, langfuse, runs, turns
from core.imports.mapping import Container
from core.imports.recognition.samples import FileSample, Object

MOST_LOOKED_AT = 50
KNOWN_LISTS = ("resourceSpans", "batches")


def sample_of(tree: Any, *, is_complete: bool) -> FileSample | None:  # noqa: ANN401  any JSON
    """Return the first records of a document, and the path to them; None for what holds none."""
    if isinstance(tree, list):
        return _sample("item", _whole(tree, is_complete))
    if not isinstance(tree, dict) or not tree:
        return None
    for name in KNOWN_LISTS:
        if isinstance(tree.get(name), list):
            return _sample(f"{name}.item", [tree])
    if _is_one_record(tree):
        return _sample("", [tree])
    lists = {name: value for name, value in tree.items() if _has_objects(value)}
    return _of_lists(tree, lists, is_complete) if lists else _of_values(tree, is_complete)


def _of_values(tree: Object, is_complete: bool) -> FileSample:
    """Return the values of an object as records where they are alike, or a list that lies in one of
    them, or the object.
    """
    inner = {name: value for name, value in tree.items() if isinstance(value, dict) and value}
    pairs = _whole(list(tree.items()), is_complete)[:MOST_LOOKED_AT]
    are_records = len(inner) == len(tree) and _are_alike(_whole(list(inner.values()), is_complete))
    if not are_records and turns.turns_in(tree) is not None:
        return _sample("", [tree])
    if are_records or articles.are_articles(dict(pairs)):
        return _sample("*", [keyed(key, value) for key, value in pairs])
    for name, value in inner.items():  # {"data": {"items": [...]}}
        if (
            key := next((key for key, each in value.items() if _has_objects(each)), None)
        ) is not None:
            return _sample(f"{name}.{key}.item", _whole(value[key], is_complete), tree)
    return _sample("", [tree])


def _sample(records: str, found: list[Any], tree: Object | None = None) -> FileSample:
    first = [each if isinstance(each, dict) else {VALUE: each} for each in found[:MOST_LOOKED_AT]]
    beside = {
        name: value
        for name, value in (tree or {}).items()
        if isinstance(value, str | int | float | bool)
    }
    return FileSample(Container.JSON, records, first=first, beside=beside)


def _whole(found: list[Any], is_complete: bool) -> list[Any]:
    # Of a document that was cut, the last record may lack half of its fields.
    return found if is_complete or len(found) < 2 else found[:-1]


def _has_objects(value: Any) -> bool:  # noqa: ANN401  any JSON
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)


def _is_one_record(tree: Object) -> bool:
    is_known = (benchmark.is_detailed, benchmark.is_summary, langfuse.is_trace, runs.is_run)
    return turns.turns_in(tree, depth=1) is not None or any(is_one(tree) for is_one in is_known)


def _of_lists(tree: Object, lists: dict[str, list[Any]], is_complete: bool) -> FileSample:
    first, *others = (set(each[0]) for each in lists.values())
    if others and all(len(first & each) >= len(first | each) * 0.6 for each in others):
        return _sample("*.item", _whole(next(iter(lists.values())), is_complete), tree)
    best = max(lists, key=lambda name: len(lists[name]))
    sample = _sample(f"{best}.item", _whole(lists[best], is_complete), tree)
    if skipped := [
        name
        for name, value in tree.items()
        if isinstance(value, list | dict) and name != best and value
    ]:
        sample.notes.append(f"Imports the records in “{best}” · skips {', '.join(skipped[:5])}")
    return sample


def _are_alike(found: list[Object]) -> bool:
    """Whether objects are records of one kind, and not chapters."""
    if len(found) < 2 or len(set.intersection(*map(set, found))) < max(len(found[0]) * 0.5, 1):
        return False
    has_figures = any(isinstance(value, int | float) for value in found[0].values())
    are_articles = articles.are_articles({str(place): each for place, each in enumerate(found)})
    return has_figures or turns.turns_in(found[0]) is not None or not are_articles
