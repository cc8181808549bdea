"""Responses of other programs are not unpacked: few bytes of them can become gigabytes."""

import gzip
import tracemalloc

import anyio
import brotli
import httpx2
import pytest

from core.network import async_outbound, outbound
from core.network.allowed_addresses import AddressPolicy
from tests.factories.servers import Server, serving

HERE = AddressPolicy(loopback=True, named=frozenset())
TIMEOUT = httpx2.Timeout(5)
ZEROS = b"\0" * (50 * 2**20)
BOMBS = {
    "gzip": gzip.compress(ZEROS),
    "gzip, gzip": gzip.compress(gzip.compress(ZEROS)),
    "br": brotli.compress(ZEROS, quality=5),
}


def get(server: Server) -> httpx2.Response:
    with outbound.client(HERE, timeout=TIMEOUT) as client:
        return client.get(server.at("127.0.0.1", "/packed"))


async def get_async(server: Server) -> httpx2.Response:
    made = async_outbound.client(
        HERE, timeout=TIMEOUT, max_response=async_outbound.MaxResponse(2**22, 1000), headers={}
    )
    async with made as client:
        return await client.get(server.at("127.0.0.1", "/packed"))


@pytest.mark.parametrize("encoding", BOMBS)
def test_a_response_that_is_compressed_unasked_is_refused_and_takes_no_memory(
    encoding: str,
) -> None:
    with serving() as server:
        server.packed = encoding, BOMBS[encoding]
        tracemalloc.start()
        try:
            with pytest.raises(outbound.CompressionRefused, match="is compressed"):
                get(server)
            with pytest.raises(outbound.CompressionRefused, match="is compressed"):
                anyio.run(get_async, server)
            assert tracemalloc.get_traced_memory()[1] < 10 * 2**20
        finally:
            tracemalloc.stop()


def test_a_response_that_says_that_it_is_not_compressed_is_read() -> None:
    with serving() as server:
        server.packed = "identity", b"hello"
        assert get(server).content == b"hello"
        assert anyio.run(get_async, server).content == b"hello"
