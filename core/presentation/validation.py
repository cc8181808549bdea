"""What pydantic says of a value that a model refuses, in words of JSON instead of Python."""

import re
from collections.abc import Sequence

from pydantic_core import ErrorDetails

MEMBERS = re.compile(r"<\w+\.\w+: ('[^']*')>")  # of an enum that a field takes some of
LISTS = {"Tuple": "List", "Frozenset": "List", "tuple": "list", "frozenset": "list"}
LIMITS = {"too_short": ("at least", "min_length"), "too_long": ("at most", "max_length")}
# pydantic speaks of dictionaries, of inputs, of tags and of discriminators
OF_OBJECTS = {
    **dict.fromkeys(
        ("dict_type", "model_type", "model_attributes_type"), "Input should be an object"
    ),
    "extra_forbidden": "Unknown field",
    "union_tag_not_found": "Field {discriminator} required",
    "union_tag_invalid": "Field {discriminator} should be one of {expected_tags}",
}


def root_errors(issues: Sequence[ErrorDetails]) -> list[ErrorDetails]:
    """Return the errors without those of lists that are too short because entries are invalid:
    pydantic counts only the valid ones.
    """
    within = {issue["loc"][:end] for issue in issues for end in range(len(issue["loc"]))}
    return [issue for issue in issues if issue["type"] != "too_short" or issue["loc"] not in within]


def message_of(issue: ErrorDetails) -> str:
    """Return the message of one of the errors of a ValidationError."""
    if issue["type"] == "value_error":
        return issue["msg"].removeprefix("Value error, ")
    if issue["type"] in LIMITS and isinstance(issue["input"], str):
        # pydantic counts “items” of a text whose spaces are stripped before it is measured
        words, name = LIMITS[issue["type"]]
        limit = issue["ctx"][name]
        return f"String should have {words} {limit} character{'' if limit == 1 else 's'}"
    if issue["type"] in OF_OBJECTS:
        return OF_OBJECTS[issue["type"]].format(**issue.get("ctx", {}))
    # Its lists are tuples and sets here, which it measures once their entries are read
    plain = values_of(issue["msg"]).replace(" after validation", "")
    return " ".join(LISTS.get(word, word) for word in plain.split(" "))


def values_of(text: str) -> str:
    """Return a text with the values of enums in place of their members."""
    return MEMBERS.sub(r"\1", text)
