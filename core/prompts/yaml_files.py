"""Files of prompts as YAML or JSON, from strangers: limited in size and depth, without aliases."""

import json
from typing import Any

import yaml

from core.errors import Invalid, TooLarge
from core.ingest import json_limits
from core.ingest.yaml_loader import PATTERNS, YamlLoader

MAX_BYTES = 16 * 2**20
MAX_VALUES = 200_000  # small ones take the memory and the time, not long texts
MAX_DEPTH = 32  # levels
# PyYAML's own writer takes a second for twice as much, in which other threads hardly run
MAX_READABLE_CHARS = 500_000


class FileRefused(Invalid):
    """This is not a YAML or JSON prompt file."""


def read(content: bytes) -> dict[str, Any]:
    """Return the object in a YAML or JSON file; raise TooLarge or FileRefused."""
    if len(content) > MAX_BYTES:
        raise TooLarge(f"A prompt's file may have at most {MAX_BYTES // 2**20} MiB.")
    try:
        text = content.decode("utf-8-sig")
        found = _json(content, text) if text.lstrip().startswith("{") else _yaml(text)
    except (ValueError, RecursionError, yaml.YAMLError) as error:
        problem = getattr(error, "problem", None) or "it can't be read"
        raise FileRefused(f"This is not a YAML or JSON prompt file: {problem}.") from None
    if not isinstance(found, dict):
        raise FileRefused
    return found


def _json(content: bytes, text: str) -> Any:  # noqa: ANN401  what JSON holds
    problem = json_limits.excess(content, most_values=MAX_VALUES, deepest=MAX_DEPTH)
    if problem is not None:
        raise FileRefused(f"This file can't be read: {problem}.")
    return json.loads(text)


def _yaml(text: str) -> Any:  # noqa: ANN401  what YAML holds
    # Events come one at a time; yaml.load recurses in C, where deep nesting ends the process
    depth = 0
    for number, event in enumerate(yaml.parse(text, Loader=yaml.CSafeLoader)):
        if number > MAX_VALUES:
            raise FileRefused(f"This file can't be read: more than {MAX_VALUES:,} values.")
        if isinstance(event, yaml.AliasEvent):  # a few nested ones would fill the memory
            raise FileRefused("Aliases (*name) are not allowed in a prompt's file.")
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise FileRefused(f"This is nested deeper than {MAX_DEPTH} levels.")
    return yaml.load(text, Loader=YamlLoader)  # noqa: S506  a safe loader


def write(content: dict[str, Any]) -> str:
    """Return an object as YAML, with texts of several lines as blocks.

    In a large one, texts with emojis are in quotes, with escapes.
    """
    is_large = len(json.dumps(content, ensure_ascii=False)) > MAX_READABLE_CHARS
    dumper = _FastDumper if is_large else _Dumper
    return str(yaml.dump(content, Dumper=dumper, sort_keys=False, allow_unicode=True, width=100))


class _Dumper(yaml.SafeDumper):  # type: ignore[misc]  # PyYAML ships no types
    pass


class _FastDumper(yaml.CSafeDumper):  # type: ignore[misc]
    pass


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    # Read back without quotes, a next-line character would be a space or another line end
    style = '"' if "\x85" in text else "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


for _dumper in (_Dumper, _FastDumper):
    _dumper.add_representer(str, _text)
    # PyYAML writes texts such as 1e3 without quotes, which are numbers only since YAML 1.2
    for _tag, (_pattern, _first) in PATTERNS.items():
        _dumper.add_implicit_resolver(_tag, _pattern, list(_first))
