"""What a caller is told of a failed call is one line."""

import pytest

from core.providers import errors
from core.providers.errors import CallFailed

KINDS = [
    kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, CallFailed)
]


@pytest.mark.parametrize("kind", KINDS)
def test_a_message_of_several_lines_of_code_is_one_line(kind: type[CallFailed]) -> None:
    detail = kind("kaput").detail
    assert (detail.splitlines(), "  " in detail) == ([detail], False)
