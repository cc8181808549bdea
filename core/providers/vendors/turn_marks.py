"""Marks of chat templates, by which servers of open models tell where a turn begins and ends.

Such a server reads them in texts too: a value with `<|im_end|>` would end the message that it
stands in, and go on as the system. The vendors' own APIs read none in texts.
"""

import re
from typing import Any

MARK = re.compile(r"<(?=\|[A-Za-z0-9_]{1,40}\|>|(?:start|end)_of_turn>)")


def without_marks(value: Any) -> Any:  # noqa: ANN401  any JSON value
    """Return a value with a space in each mark of its texts, which makes it plain text."""
    match value:
        case str():
            return MARK.sub("< ", value)
        case list():
            return [without_marks(member) for member in value]
        case dict():
            return {name: without_marks(member) for name, member in value.items()}
        case _:
            return value
