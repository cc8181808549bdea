"""YAML of strangers, with the lines of its parts; JSON is read as YAML too.

Booleans and numbers are those of YAML 1.2, as promptfoo reads them.
"""

from collections.abc import Hashable
from typing import Any

import yaml

from core.datasets.errors import DatasetFileRefused
from core.ingest.yaml_loader import YamlLoader

MAX_DEPTH = 32  # levels
MAX_EVENTS = 600_000
MAX_NODES = 500_000  # with aliases resolved: a few nested ones would fill the memory


class YamlDocument:
    """The value of a document, and the line of each of its parts."""

    def __init__(self, text: str) -> None:
        """Raise DatasetFileRefused for what is no YAML, or exceeds the limits."""
        try:
            # Composing nodes recurses in C, where deep nesting ends the process
            _check_events(text)
            self.value: Any = None
            self._members: dict[
                int, dict[Any, tuple[Any, Any]]
            ] = {}  # keys and values by name, by mapping
            loader = YamlLoader(text)
            try:
                self.root = loader.get_single_node()
                _check_size(self.root)
                if self.root is not None:
                    self.value = loader.construct_document(self.root)
            finally:
                loader.dispose()
        except (ValueError, RecursionError, yaml.YAMLError) as error:
            problem = getattr(error, "problem", None) or "it can't be read"
            mark = getattr(error, "problem_mark", None)
            where = f" (line {mark.line + 1})" if mark else ""
            raise DatasetFileRefused(f"This is not valid YAML: {problem}{where}.") from None

    def line(self, *path: Hashable) -> int | None:
        """Return the line of a part by its keys and places, of the nearest one that is there."""
        node = self.root
        line = node.start_mark.line + 1 if node else None
        for step in path:
            node, named = self._child(node, step)
            if node is None:
                break
            line = named.start_mark.line + 1
        return line

    def _child(self, node: Any, step: Any) -> tuple[Any, Any]:  # noqa: ANN401  nodes of PyYAML
        """Return a part and what begins it, a key or itself; None where there is none."""
        if isinstance(node, yaml.MappingNode):
            if id(node) not in self._members:
                named = (pair for pair in node.value if isinstance(pair[0], yaml.ScalarNode))
                self._members[id(node)] = {key.value: (value, key) for key, value in named}
            return self._members[id(node)].get(step, (None, None))
        is_item = isinstance(node, yaml.SequenceNode) and isinstance(step, int)
        if is_item and step < len(node.value):
            return node.value[step], node.value[step]
        return None, None


def _check_events(text: str) -> None:
    depth = 0
    for number, event in enumerate(yaml.parse(text, Loader=yaml.CSafeLoader)):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise DatasetFileRefused(f"This is nested deeper than {MAX_DEPTH} levels.")
        if number > MAX_EVENTS:
            raise DatasetFileRefused(f"This has more than {MAX_NODES:,} values. Split the file.")


def _check_size(root: Any) -> None:  # noqa: ANN401  nodes of PyYAML
    """Raise DatasetFileRefused when a document with its aliases resolved is too large, too deep or
    endless.
    """
    measured: dict[int, tuple[int, int]] = {}  # values and levels by node

    def measure(node: Any, above: frozenset[int]) -> tuple[int, int]:  # noqa: ANN401
        if isinstance(node, yaml.ScalarNode) or node is None:
            return 1, 0
        if id(node) in above:
            raise DatasetFileRefused("An alias (*name) in this file refers to itself.")
        # An alias is the same node, and is measured once
        if id(node) not in measured:
            is_mapping = isinstance(node, yaml.MappingNode)
            children = (part for pair in node.value for part in pair) if is_mapping else node.value
            inner = [measure(child, above | {id(node)}) for child in children]
            levels = 1 + max((each for _, each in inner), default=0)
            measured[id(node)] = 1 + sum(size for size, _ in inner), levels
        size, levels = measured[id(node)]
        if levels > MAX_DEPTH:
            raise DatasetFileRefused(f"This is nested deeper than {MAX_DEPTH} levels.")
        if size > MAX_NODES:
            raise DatasetFileRefused(f"This has more than {MAX_NODES:,} values. Split the file.")
        return size, levels

    measure(root, frozenset())
