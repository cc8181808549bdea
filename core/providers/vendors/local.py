"""The packaged model, which the model server's child process serves in OpenAI's protocol."""

from collections.abc import Generator
from dataclasses import replace
from functools import lru_cache

import httpx2

from core.embedded import model_server
from core.network import outbound
from core.network.cancellation import Cutter
from core.platform.config import config
from core.providers.capabilities import LOCAL_HABITS
from core.providers.chunks import Chunk
from core.providers.errors import LocalModelStarting, ProviderUnreachable
from core.providers.schemas import Connection, KnownModel, ModelCall, Parameters, ProviderKind
from core.providers.vendors import openai

# Without any system prompt this model answers gibberish; with most of those that we tried, half of its answers are something like
# French or Italian. With this one it was right in 20 of 22 short questions.
LEAST_PROMPT = "You are a helpful assistant. Answer clearly and briefly."


def connect(connection: Connection, _reach: outbound.Reach, timeout: httpx2.Timeout) -> "Local":
    """Return the provider; it looks up where the child answers at each call, because a new child has a new port."""
    return Local(timeout)


class Local:
    """The model on this machine."""

    def __init__(self, timeout: httpx2.Timeout) -> None:
        """Speak to whichever child is up."""
        self._timeout = timeout

    def stream(self, call: ModelCall, cutter: Cutter) -> Generator[Chunk]:
        """Yield the answer's chunks."""
        asked = replace(call, system_prompt=call.system_prompt or LEAST_PROMPT, parameters=_calm(call.parameters))
        try:
            yield from self._server().stream(asked, cutter)
        except ProviderUnreachable as gone:
            raise LocalModelStarting from gone

    def list_models(self) -> list[KnownModel]:
        """Return the one model."""
        address = model_server.address(config().data)
        return [KnownModel(address.name, model_server.CONTEXT_WINDOW)] if address else []

    def close(self) -> None:
        """Let go of nothing: connections are not kept."""

    def _server(self) -> openai.OpenAI:
        address = model_server.address(config().data)
        if address is None:
            raise LocalModelStarting
        return _client(address, self._timeout.read or 0.0)


def _calm(given: Parameters) -> Parameters:
    return Parameters.model_validate(LOCAL_HABITS | given.given())


@lru_cache(maxsize=2)
def _client(address: model_server.Address, read_timeout_s: float) -> openai.OpenAI:
    connection = Connection("local", ProviderKind.LOCAL, f"{address.url}/v1", address.key)
    # The server closes idle connections just when the next call picks one up: none is kept.
    timeout = httpx2.Timeout(connect=2.0, read=read_timeout_s, write=10.0, pool=5.0)
    http = outbound.client(outbound.Reach(loopback=True, named=frozenset()), timeout=timeout, keep_alive=0)
    return openai.OpenAI(connection, http)
