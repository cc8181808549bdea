"""How the YAML of strangers is read: with the values of YAML 1.2.

`Yes` and `12:30` are texts. Dates stay texts, and so does `01234`, whose zero would be lost.
"""

import re
from collections.abc import Callable
from typing import Any

import yaml

BOOLEAN = re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$")
INTEGER = re.compile(r"^[-+]?(?:0|[1-9][0-9_]*|0b[01_]+|0o[0-7_]+|0x[0-9a-fA-F_]+)$")
FLOAT = re.compile(
    r"^(?:[-+]?(?:[0-9][0-9_]*\.[0-9_]*|\.[0-9][0-9_]*)(?:[eE][-+]?[0-9]+)?"
    r"|[-+]?[0-9]+[eE][-+]?[0-9]{1,2}"
    r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$"
)
TIMESTAMP = "tag:yaml.org,2002:timestamp"
PATTERNS = {
    "tag:yaml.org,2002:bool": (BOOLEAN, "tTfF"),
    "tag:yaml.org,2002:int": (INTEGER, "-+0123456789"),
    "tag:yaml.org,2002:float": (FLOAT, "-+.0123456789"),
}
PLAIN = {*PATTERNS, *(f"tag:yaml.org,2002:{kind}" for kind in ("null", "str", "seq", "map")), None}
MAX_NUMBER_CHARS = 400


class YamlLoader(yaml.CSafeLoader):  # type: ignore[misc]  # PyYAML ships no types
    """PyYAML's safe loader, with the values of JSON alone and the booleans and numbers of YAML 1.2.

    YAML 1.1 takes a time for a number of base 60, and one of many parts takes minutes to add up.
    """


def _constructor(tag: str, pattern: re.Pattern[str]) -> Callable[[YamlLoader, Any], Any]:
    construct = yaml.CSafeLoader.yaml_constructors[tag]

    def checked(loader: YamlLoader, node: Any) -> Any:  # noqa: ANN401  nodes and values of PyYAML
        # A tag such as !!int claims a type for any text
        if not isinstance(node, yaml.ScalarNode) or not pattern.match(node.value):
            raise yaml.constructor.ConstructorError(
                problem=f"a value is no {tag.rpartition(':')[2]}", problem_mark=node.start_mark
            )
        if len(node.value) > MAX_NUMBER_CHARS:
            raise yaml.constructor.ConstructorError(
                problem=f"a number has more than {MAX_NUMBER_CHARS} characters",
                problem_mark=node.start_mark,
            )
        return construct(loader, node)

    return checked


YamlLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag not in {*PATTERNS, TIMESTAMP}]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}
YamlLoader.yaml_constructors = {
    tag: constructor
    for tag, constructor in yaml.CSafeLoader.yaml_constructors.items()
    if tag in PLAIN
}
for _tag, (_pattern, _first) in PATTERNS.items():
    YamlLoader.add_implicit_resolver(_tag, _pattern, list(_first))
    YamlLoader.add_constructor(_tag, _constructor(_tag, _pattern))
