"""The packaged model, served by a child process in OpenAI's protocol."""

from collections.abc import Generator
from dataclasses import replace
from functools import lru_cache

import httpx2

from core.embedded import model_server
from core.network import outbound
from core.network.allowed_addresses import AddressPolicy
from core.network.cancellation import CancelToken
from core.platform.config import config
from core.providers.capabilities import LOCAL_DEFAULTS
from core.providers.chunks import Chunk, Embeddings
from core.providers.errors import LocalModelStarting, ProviderUnreachable
from core.providers.schemas import (
    Connection,
    EmbeddingCall,
    ListedModel,
    ModelCall,
    Parameters,
    ProviderKind,
)
from core.providers.vendors import openai

# Without a system prompt this model answers gibberish; with most of those that we tried, half of
# its answers resemble French or Italian. With this one it was right in 20 of 22 short questions.
DEFAULT_SYSTEM_PROMPT = "You are a helpful assistant. Answer clearly and briefly."


def connect(connection: Connection, _reach: AddressPolicy, timeout: httpx2.Timeout) -> "Local":
    """Return the client, which looks up the server's address at each call."""
    return Local(timeout)


class Local:
    """The model on this machine."""

    def __init__(self, timeout: httpx2.Timeout) -> None:
        self._timeout = timeout

    def stream(self, call: ModelCall, cancel_token: CancelToken) -> Generator[Chunk]:
        local_call = replace(
            call,
            system_prompt=call.system_prompt or DEFAULT_SYSTEM_PROMPT,
            parameters=Parameters.model_validate(LOCAL_DEFAULTS | call.parameters.set_values()),
        )
        try:
            yield from self._server().stream(local_call, cancel_token)
        except ProviderUnreachable as error:
            raise LocalModelStarting from error

    def embed(self, call: EmbeddingCall) -> Embeddings:
        try:
            return self._server().embed(call)
        except ProviderUnreachable as error:
            raise LocalModelStarting from error

    def list_models(self) -> list[ListedModel]:
        address = model_server.address(config().data)
        return [ListedModel(address.name, model_server.CONTEXT_WINDOW)] if address else []

    def close(self) -> None:
        """Do nothing: connections are not kept."""

    def _server(self) -> openai.OpenAI:
        address = model_server.address(config().data)
        if address is None:
            raise LocalModelStarting
        return _client(address, self._timeout.read or 0.0)


@lru_cache(maxsize=2)
def _client(address: model_server.Address, read_timeout_s: float) -> openai.OpenAI:
    connection = Connection("local", ProviderKind.LOCAL, f"{address.url}/v1", address.key)
    # No idle connections: the server may close one just when the next call uses it.
    timeout = httpx2.Timeout(connect=2.0, read=read_timeout_s, write=10.0, pool=5.0)
    http = outbound.client(
        AddressPolicy(loopback=True, named=frozenset()), timeout=timeout, keep_alive=0
    )
    return openai.OpenAI(connection, http)
