"""The one way to a model: picks the vendor's file, keeps its client, limits time and size, and knows when it was cut."""

import time
from collections.abc import Iterator
from functools import lru_cache
from importlib import import_module
from typing import cast

import httpx2

from core.config import config
from core.cutter import Cutter, cuttable
from core.outbound import providers_reach
from core.providers.errors import AnswerTooLong, Cut, TookTooLong
from core.providers.schemas import Call, Chunk, Connection, KnownModel, Provider, Route, TextChunk
from core.tables import storable

CONNECT_TIMEOUT_S = 5.0
SILENCE_TIMEOUT_S = 120.0  # to the first chunk, and between two
WHOLE_CALL_TIMEOUT_S = 900.0
LIST_TIMEOUT_S = 15.0
LONGEST_ANSWER = 1_000_000


def stream(route: Route, call: Call, cutter: Cutter) -> Iterator[Chunk]:
    """Yield the chunks of an answer.

    Raises a ProviderFailed of errors.py with what a person can do, or Cut when `cutter` ended it.
    """
    with cuttable(cutter):
        yield from _limited(provider(route.connection, SILENCE_TIMEOUT_S).stream(call, cutter), cutter)


def _limited(chunks: Iterator[Chunk], cutter: Cutter) -> Iterator[Chunk]:
    length, ends_at = 0, time.monotonic() + WHOLE_CALL_TIMEOUT_S
    for chunk in chunks:
        if cutter.is_cut:
            raise Cut
        if isinstance(chunk, TextChunk):
            length += len(chunk.text)
            if not chunk.text.isascii():
                chunk = TextChunk(storable(chunk.text))
        if length > LONGEST_ANSWER:
            raise AnswerTooLong
        if time.monotonic() > ends_at:
            raise TookTooLong
        yield chunk
    if cutter.is_cut:
        raise Cut


def list_models(connection: Connection) -> list[KnownModel]:
    """Ask a provider what it serves; raise a ProviderFailed when it does not say."""
    asked = _connect(connection, LIST_TIMEOUT_S)
    try:
        return asked.list_models()
    finally:
        asked.close()


@lru_cache(maxsize=64)
def provider(connection: Connection, silence_timeout_s: float) -> Provider:
    """Return the client of a connection, made once; a changed key or address is another connection."""
    return _connect(connection, silence_timeout_s)


def _connect(connection: Connection, silence_timeout_s: float) -> Provider:
    # The SDKs take a second to import: only what is used is loaded.
    vendor = import_module(f"core.providers.{connection.kind}")
    timeout = httpx2.Timeout(connect=CONNECT_TIMEOUT_S, read=silence_timeout_s, write=30.0, pool=5.0)
    return cast("Provider", vendor.connect(connection, providers_reach(config()), timeout))
