"""Real senders: OpenTelemetry's SDK and exporter, and both instrumentations of the openai SDK
against the fake vendor.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Protocol

import openai
import pytest
from openinference.instrumentation import using_attributes
from openinference.instrumentation.openai import OpenAIInstrumentor as OpenInference
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.openai_v2 import OpenAIInstrumentor as OpenTelemetry
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExportResult
from opentelemetry.trace import StatusCode
from sqlalchemy import select

from core.ai_metrics.models import AiRequest
from core.conversations.models import Conversation, Message
from core.database.db import transaction
from tests import fake_vendor
from tests.api.conftest import Client
from tests.factories.keys import api_key, bearing

SAID = [{"role": "system", "content": "be brief"}, {"role": "user", "content": "hi"}]
TOOLS = [
    {
        "type": "function",
        "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}},
    }
]
RESOURCE = {
    "service.name": "shop",
    "service.version": "2.0",
    "deployment.environment.name": "staging",
}
ANSWER = "word word word word word "


def provider(address: str, compression: Compression) -> TracerProvider:
    exporter = OTLPSpanExporter(
        f"{address}/otlp/v1/traces", headers=bearing(api_key()), compression=compression
    )
    made = TracerProvider(resource=Resource(RESOURCE))
    made.add_span_processor(BatchSpanProcessor(exporter))
    return made


@pytest.fixture
def tracing(address: str, client: Client) -> Iterator[TracerProvider]:
    made = provider(address, Compression.Gzip)
    yield made
    made.shutdown()


@pytest.fixture(scope="module")
def vendor() -> Iterator[fake_vendor.Vendor]:
    with fake_vendor.serving() as served:
        yield served


class Instrumentor(Protocol):
    """What the instrumentations have in common; their own base has no types."""

    def instrument(self, **options: TracerProvider) -> None: ...

    def uninstrument(self) -> None: ...


@contextmanager
def instrumented(instrumentor: Instrumentor, tracing: TracerProvider) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OTEL_SEMCONV_STABILITY_OPT_IN", "gen_ai_latest_experimental")
        patch.setenv("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "SPAN_ONLY")
        instrumentor.instrument(tracer_provider=tracing)
        try:
            yield
        finally:
            instrumentor.uninstrument()


def ask(vendor: fake_vendor.Vendor, model: str, **more: Any) -> None:  # noqa: ANN401  arguments of the SDK
    """Call the vendor as a product does, and read the whole stream."""
    options = {"stream": True, "stream_options": {"include_usage": True}, **more}
    with openai.OpenAI(
        api_key=fake_vendor.KEY, base_url=f"{vendor.address}/v1", max_retries=0
    ) as caller:
        for _ in caller.chat.completions.create(model=model, **{"messages": SAID, **options}):
            pass


def requests() -> list[AiRequest]:
    with transaction() as session:
        return list(session.scalars(select(AiRequest).order_by(AiRequest.created_at, AiRequest.id)))


def said() -> list[tuple[str, str]]:
    with transaction() as session:
        found = session.execute(
            select(Message.role, Message.content).order_by(
                Message.conversation_id, Message.position
            )
        )
        return [(role, content) for role, content in found]


@pytest.mark.parametrize("compression", [Compression.NoCompression, Compression.Gzip])
def test_the_exporter_is_understood(address: str, client: Client, compression: Compression) -> None:
    made = provider(address, compression)
    tracer = made.get_tracer("tests")
    with tracer.start_as_current_span("invoke_agent", attributes={"gen_ai.conversation.id": "c"}):
        with tracer.start_as_current_span(
            "chat", attributes={"gen_ai.operation.name": "chat", "gen_ai.request.model": "m"}
        ):
            tool = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "t"}
            tracer.start_span("t", attributes=tool).end()
        with tracer.start_as_current_span(
            "chat", attributes={"gen_ai.operation.name": "chat"}
        ) as failing:
            failing.record_exception(ValueError("no"))
            failing.set_status(StatusCode.ERROR, "it broke")
    made.shutdown()
    fine, failed = requests()
    assert (fine.status, fine.model, fine.app, fine.environment, fine.tool_calls_count) == (
        "ok",
        "m",
        "shop",
        "staging",
        1,
    )
    assert (failed.status, failed.error_type, failed.error_message) == (
        "error",
        "ValueError",
        "it broke",
    )
    assert fine.conversation_id == failed.conversation_id is not None


def test_the_exporter_does_not_send_again_what_is_refused_for_good(
    address: str, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    exporter = OTLPSpanExporter(
        f"{address}/otlp/v1/traces", headers={"Authorization": "Bearer atn_no"}
    )
    tracer = TracerProvider().get_tracer("tests")
    with tracer.start_as_current_span("chat") as one:
        pass
    assert exporter.export([one]) is SpanExportResult.FAILURE  # type: ignore[list-item]  # the SDK's own span
    exporter.shutdown()  # type: ignore[no-untyped-call]  # the exporter's own


Sender = Callable[[], Instrumentor]


@pytest.mark.parametrize(
    "instrumentor", [OpenTelemetry, OpenInference], ids=["opentelemetry", "openinference"]
)
def test_calls_of_the_openai_sdk_become_requests(
    tracing: TracerProvider, vendor: fake_vendor.Vendor, instrumentor: Sender
) -> None:
    with instrumented(instrumentor(), tracing):
        ask(vendor, "answer?chunks=5")
        ask(vendor, "tool", tools=TOOLS)
        with pytest.raises(openai.RateLimitError):
            ask(vendor, "error?status=429")
    tracing.force_flush()
    answered, tool, failed = requests()
    assert (answered.provider, answered.model, answered.operation, answered.status) == (
        "openai",
        "m",
        "chat",
        "ok",
    )
    assert (answered.input_tokens, answered.output_tokens, answered.total_tokens) == (13, 8, 21)
    assert (answered.app, answered.release, answered.environment) == ("shop", "2.0", "staging")
    assert answered.total_latency_ms is not None
    assert [(call["name"], call["arguments"]) for call in tool.tool_calls or []] == [
        ("weather", {"city": "Paris"})
    ]
    assert (failed.status, failed.model) == ("error", "error?status=429")
    assert "RateLimitError" in (failed.error_type or "")
    assert "the fake vendor says" in (failed.error_message or "")


@pytest.mark.parametrize(
    "instrumentor", [OpenTelemetry, OpenInference], ids=["opentelemetry", "openinference"]
)
def test_what_they_capture_becomes_a_conversation(
    tracing: TracerProvider, vendor: fake_vendor.Vendor, instrumentor: Sender
) -> None:
    with instrumented(instrumentor(), tracing):
        ask(vendor, "answer?chunks=5")
    tracing.force_flush()
    assert said() == [("system", "be brief"), ("user", "hi"), ("assistant", ANSWER)]
    [request] = requests()
    with transaction() as session:
        answer = session.get_one(Message, request.message_id)
        conversation = session.get_one(Conversation, request.conversation_id)
        assert (answer.role, answer.model, answer.tokens) == ("assistant", "m", 21)
        assert (conversation.source, conversation.environment, conversation.message_count) == (
            "otlp",
            "staging",
            3,
        )
        assert conversation.external_id == (request.external_id or "")[:32]


def test_a_session_of_openinference_is_one_conversation(
    tracing: TracerProvider, vendor: fake_vendor.Vendor
) -> None:
    history = list(SAID)
    with instrumented(OpenInference(), tracing), ExitStack() as stack:
        stack.enter_context(using_attributes(session_id="s-1", user_id="ada"))
        for words in ("and then?", "and now?"):
            ask(vendor, "answer?chunks=5", messages=history)
            tracing.force_flush()
            history += [
                {"role": "assistant", "content": ANSWER},
                {"role": "user", "content": words},
            ]
    assert said() == [
        ("system", "be brief"),
        ("user", "hi"),
        ("assistant", ANSWER),
        ("user", "and then?"),
        ("assistant", ANSWER),
    ]
    with transaction() as session:
        assert session.scalars(select(Conversation.external_id)).all() == ["s-1"]
    assert len({request.user_id for request in requests()} - {None}) == 1
