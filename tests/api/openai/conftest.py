"""OpenAI's SDK, with nothing changed but its base URL and key."""

import ssl
from collections.abc import Iterator

import httpx2
import openai
import pytest

from core.identity.schemas import Scope
from tests.api.conftest import Client
from tests.factories.keys import api_key


def sdk(address: str, key: str) -> openai.OpenAI:
    http = httpx2.Client(trust_env=False, verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
    return openai.OpenAI(
        base_url=f"{address}/openai/v1", api_key=key, http_client=http, max_retries=0
    )


@pytest.fixture
def program(client: Client, address: str) -> Iterator[openai.OpenAI]:
    with sdk(address, api_key(Scope.EXECUTE, environment="staging").key) as found:
        yield found
