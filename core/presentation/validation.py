"""What pydantic says of a value that a model refuses, in words of JSON instead of Python."""

from pydantic_core import ErrorDetails

LISTS = {"Tuple": "List", "Frozenset": "List", "tuple": "list", "frozenset": "list"}
LIMITS = {"too_short": ("at least", "min_length"), "too_long": ("at most", "max_length")}


def message_of(issue: ErrorDetails) -> str:
    """Return the message of one of the errors of a ValidationError."""
    if issue["type"] == "value_error":
        return issue["msg"].removeprefix("Value error, ")
    if issue["type"] in LIMITS and isinstance(issue["input"], str):
        # pydantic counts “items” of a text whose spaces are stripped before it is measured
        words, name = LIMITS[issue["type"]]
        limit = issue["ctx"][name]
        return f"String should have {words} {limit} character{'' if limit == 1 else 's'}"
    return " ".join(LISTS.get(word, word) for word in issue["msg"].split(" "))
