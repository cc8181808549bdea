"""Calls of providers, and their results."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from queue import SimpleQueue

import pytest

from core.database.db import transaction
from core.identity.schemas import Role
from core.network.cancellation import CancelToken
from core.providers import gateway
from core.providers.chunks import Chunk, EndChunk, TextChunk, ToolCallChunk, Usage, UsageChunk
from core.providers.errors import CallFailed
from core.providers.provider_schemas import NewProvider, ProviderChange, ProviderView
from core.providers.queries import configured
from core.providers.schemas import (
    Capabilities,
    ChatMessage,
    Connection,
    ListedModel,
    MessageRole,
    ModelCall,
    ModelView,
    Parameters,
    ProviderKind,
    Route,
    Tool,
)
from core.providers.service import providers
from tests.factories.identity import Person, person
from tests.fake_vendor import KEY, Vendor

OPENAI, ANTHROPIC = ProviderKind.OPENAI, ProviderKind.ANTHROPIC
both_vendors = pytest.mark.parametrize("kind", [OPENAI, ANTHROPIC])
WEATHER = Tool(name="weather", description="Tells the weather.")


class Impatient(CancelToken):
    """Records waits between retries instead of sleeping."""

    def __init__(self) -> None:
        """Nothing has been waited for."""
        super().__init__()
        self.waits: list[float] = []

    def wait(self, timeout_s: float) -> bool:
        """Return at once."""
        self.waits.append(timeout_s)
        return super().wait(0)


@dataclass
class Heard:
    """The result of a call: its chunks, and its error, if any."""

    chunks: list[Chunk] = field(default_factory=list)
    failure: CallFailed | None = None
    waits: list[float] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All text."""
        return "".join(chunk.text for chunk in self.chunks if isinstance(chunk, TextChunk))

    @property
    def tools(self) -> list[ToolCallChunk]:
        """The tools that were asked for."""
        return [chunk for chunk in self.chunks if isinstance(chunk, ToolCallChunk)]

    @property
    def usage(self) -> Usage | None:
        """What was counted last."""
        return next(
            (chunk.usage for chunk in reversed(self.chunks) if isinstance(chunk, UsageChunk)), None
        )

    @property
    def finish_reason(self) -> str | None:
        """Why it ended."""
        return next(
            (chunk.finish_reason for chunk in self.chunks if isinstance(chunk, EndChunk)), None
        )


def connection(vendor: Vendor, kind: ProviderKind, secret: str | None = KEY) -> Connection:
    """Return a connection to the fake vendor, in the protocol of `kind`."""
    return Connection("faked", kind, vendor.address + ("/v1" if kind is OPENAI else ""), secret)


def stored(
    name: str,
    kind: ProviderKind = OPENAI,
    base_url: str | None = "http://127.0.0.1:9/v1",
    secret: str | None = KEY,
    models: tuple[str, ...] = (),
) -> ProviderView:
    """Return a provider of Settings that has listed `models`."""
    new = NewProvider.model_validate(
        {"name": name, "kind": kind, "base_url": base_url, "secret": secret}
    )
    with transaction() as session:
        view = providers.add(session, new, actor=person(Role.ADMIN).actor)
        if models:
            asked = configured.get_configured(session, name).connection
            view = providers.record_check(
                session, asked, models=[ListedModel(model) for model in models], detail=None
            )
    return view


def route(to: Connection, model: str) -> Route:
    """Return a model of a connection."""
    taken = Capabilities(tools=True, parameters={})
    view = ModelView(
        id=f"{to.name}:{model}",
        name=model,
        provider=to.name,
        context_window=None,
        prices=None,
        capabilities=taken,
    )
    return Route(view, to)


def call(
    model: str,
    prompt: str = "What is the capital of France?",
    system_prompt: str | None = "Be brief.",
    parameters: Parameters | None = None,
    tools: tuple[Tool, ...] = (),
) -> ModelCall:
    """Return a call of a model."""
    asked = ChatMessage(role=MessageRole.USER, content=prompt)
    return ModelCall(model, system_prompt, (asked,), parameters or Parameters(), tools)


def ask(to: Connection, asked: ModelCall) -> Heard:
    """Make a call through the gateway without sleeping between retries, and return the result."""
    cancel_token = Impatient()
    heard = Heard(waits=cancel_token.waits)
    try:
        heard.chunks.extend(gateway.stream(route(to, asked.model), asked, cancel_token))
    except CallFailed as failure:
        heard.failure = failure
    return heard


@dataclass
class Running:
    """A call in a thread of its own."""

    cancel_token: CancelToken
    chunks: "SimpleQueue[Chunk]" = field(default_factory=SimpleQueue)
    ended: threading.Event = field(default_factory=threading.Event)
    error: BaseException | None = None

    def cut(self) -> None:
        """Cancel the call, which ends it long before it would end by itself."""
        self.cancel_token.cancel()
        assert self.ended.wait(30)


@contextmanager
def running(to: Connection, model: str) -> Iterator[Running]:
    """Make a call in a thread, which is cancelled at the end."""
    it = Running(CancelToken())
    thread = threading.Thread(target=_run, args=(it, route(to, model)), daemon=True)
    thread.start()
    yield it
    it.cancel_token.cancel()
    thread.join(30)


def _run(it: Running, to: Route) -> None:
    try:
        for chunk in gateway.stream(to, call(to.model.name), it.cancel_token):
            it.chunks.put(chunk)
    except Exception as error:  # noqa: BLE001  whatever it is, the test looks at it
        it.error = error
    it.ended.set()


def limited(one: Person, name: str = "fake", **limits: int | None) -> ProviderView:
    """Set limits of a provider, and return its view."""
    with transaction() as session:
        known = configured.get_configured(session, name)
        if known.last_check is None:  # it has no row yet
            providers.record_check(session, known.connection, models=[], detail=None)
    with transaction() as session:
        id_ = configured.view(configured.get_configured(session, name)).id
        assert id_ is not None
        change = ProviderChange.model_validate(limits)
        return providers.change(session, id_, change, actor=one.actor)
