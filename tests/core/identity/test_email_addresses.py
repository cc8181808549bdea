"""An account has an address that a mail's header can name."""

import pytest
from pydantic import ValidationError

from core.identity.schemas import NewAccount


@pytest.mark.parametrize(
    "email",
    [
        "=?utf-8?q?a=0d=0aBcc:eve?=@example.com",
        "(ada)eve@example.com",
        "ada@example.com(eve)",
        "<ada@example.com>",
        "ada,eve@example.com",
        "ada@example.com,eve",
        "ada@example.com.",
        "\u200bada@example.com",
        "ada@example.com\u202e",
    ],
)
def test_an_address_that_a_header_would_read_differently_is_refused(email: str) -> None:
    with pytest.raises(ValidationError, match="valid email address"):
        NewAccount(email=email, full_name="Ada", role="reviewer")


@pytest.mark.parametrize(
    "email", ["admin@localhost", "o'neil+tag=1@example.com", "jürgen@bücher.example"]
)
def test_usual_addresses_are_accepted(email: str) -> None:
    assert NewAccount(email=email, full_name="Ada", role="reviewer").email == email
