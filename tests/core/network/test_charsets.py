"""Responses of other programs are UTF-8, whatever charset they name."""

import anyio
import pytest

from tests.core.network.test_compressed_responses import get, get_async
from tests.factories.servers import serving


@pytest.mark.parametrize("charset", ["hex", "punycode", "latin-1"])
def test_a_response_is_read_as_utf_8(charset: str) -> None:
    # `hex` failed with an AssertionError; `punycode` took minutes for a megabyte
    with serving() as server:
        server.packed, server.kind = ("identity", "é".encode()), f"text/plain; charset={charset}"
        assert get(server).text == "é"
        assert anyio.run(get_async, server).text == "é"
