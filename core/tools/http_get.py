"""The tool `http_get`: a GET request to one of the hosts that ATTUNE_TOOL_HOSTS lists."""

import time
from typing import Any

import httpx2
from pydantic import BaseModel, ConfigDict, Field

from core.identity.permissions import Permission
from core.identity.schemas import Actor
from core.network import outbound
from core.network.allowed_addresses import AddressPolicy
from core.network.cancellation import CancelToken, cancellable
from core.platform.config import config
from core.tools.definitions import RegistryTool
from core.tools.errors import ToolFailed

TIMEOUT_S = 8.0
MAX_BODY_BYTES = 200_000


class HttpAddress(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str = Field(max_length=2000, description="An address that begins with https://.")


def http_get(arguments: HttpAddress, _actor: Actor) -> dict[str, Any]:
    """Return status, type and text of a response; redirects are not followed."""
    url = _checked(arguments.url)
    # Private addresses need ATTUNE_ALLOW_HOSTS as well: a listed name may point anywhere.
    reach = AddressPolicy(loopback=False, named=config().attune_allow_hosts)
    try:
        with (
            # The client's timeout is for each read; this one is for the whole request.
            cancellable(CancelToken(), time.monotonic() + TIMEOUT_S),
            outbound.client(reach, timeout=httpx2.Timeout(TIMEOUT_S), keep_alive=0) as client,
            client.stream("GET", url) as response,
        ):
            body = _read(response)
    except httpx2.HTTPError as error:
        raise ToolFailed(f"The request failed: {error}") from error
    kind = response.headers.get("content-type", "")[:100]
    return {"status": response.status_code, "content_type": kind, "body": body}


def _checked(address: str) -> httpx2.URL:
    hosts = config().attune_tool_hosts
    try:
        url = httpx2.URL(address)
    except httpx2.InvalidURL:
        raise ToolFailed("This is not an address. Pass one that begins with https://.") from None
    if url.scheme != "https" or url.userinfo or url.port is not None:
        raise ToolFailed("Only https addresses without a user name and port are allowed.")
    if url.host not in hosts:
        raise ToolFailed(f"Only these hosts are allowed: {', '.join(sorted(hosts))}.")
    return url


def _read(response: httpx2.Response) -> str:
    body = b""
    for part in response.iter_bytes():
        body += part
        if len(body) >= MAX_BODY_BYTES:
            break
    return body[:MAX_BODY_BYTES].decode("utf-8", "replace")


TOOLS: tuple[RegistryTool[Any], ...] = (
    RegistryTool(
        "http_get",
        "Read a page over https from one of the hosts that the workspace allows.",
        HttpAddress,
        http_get,
        Permission.RUN_MODELS,
        is_untrusted=True,
        is_on=lambda: bool(config().attune_tool_hosts),
    ),
)
