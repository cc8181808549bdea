"""Requests to vendors, with the parameters in the form of each."""

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from core.providers.schemas import (
    ChatMessage,
    Connection,
    MessageRole,
    ModelCall,
    Parameters,
    ProviderKind,
)
from core.providers.vendors import anthropic, openai
from tests.factories.providers import (
    ANTHROPIC,
    OPENAI,
    Impatient,
    ask,
    both_vendors,
    call,
    connection,
)
from tests.fake_vendor import Asked, Vendor

EVERYTHING = Parameters(
    temperature=0.5,
    max_tokens=77,
    top_p=0.9,
    frequency_penalty=0.1,
    presence_penalty=-0.1,
    stop_sequences=("END", "STOP"),
    seed=3,
)


class Rerouted(httpx2.HTTPTransport):
    """Brings calls that are meant for a vendor to the fake one, as they are."""

    def __init__(self, vendor: Vendor) -> None:
        """Bring them to `vendor`."""
        super().__init__(trust_env=False)
        self._to = httpx2.URL(vendor.address)

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request; its headers still name the vendor."""
        request.url = request.url.copy_with(scheme="http", host=self._to.host, port=self._to.port)
        return super().handle_request(request)


@pytest.fixture
def http(vendor: Vendor) -> Iterator[httpx2.Client]:
    """Return a client whose every call arrives at the fake vendor."""
    with httpx2.Client(transport=Rerouted(vendor), trust_env=False) as client:
        yield client


def sent(vendor: Vendor, kind: ProviderKind, asked: ModelCall) -> dict[str, Any]:
    """Return the body that a server which speaks the vendor's protocol gets."""
    assert ask(connection(vendor, kind), asked).failure is None
    return vendor.last.body


def sent_to_the_vendor(
    vendor: Vendor,
    http: httpx2.Client,
    kind: ProviderKind,
    asked: ModelCall,
    address: str | None = None,
) -> Asked:
    """Return what the vendor itself gets."""
    to = Connection("vendor", kind, address, "sk-key")
    provider = openai.OpenAI(to, http) if kind is OPENAI else anthropic.Anthropic(to, http)
    list(provider.stream(asked, Impatient()))
    return vendor.last


def test_every_parameter_has_openais_name(vendor: Vendor) -> None:
    body = sent(vendor, OPENAI, call("answer", parameters=EVERYTHING))
    del body["messages"], body["stream_options"]
    assert body == {
        "model": "answer",
        "stream": True,
        "temperature": 0.5,
        "max_tokens": 77,
        "top_p": 0.9,
        "frequency_penalty": 0.1,
        "presence_penalty": -0.1,
        "stop": ["END", "STOP"],
        "seed": 3,
    }


@both_vendors
def test_what_is_not_set_is_not_sent(vendor: Vendor, kind: ProviderKind) -> None:
    body = sent(vendor, kind, call("answer"))
    assert body.keys() <= {"model", "messages", "stream", "stream_options", "max_tokens", "system"}


@pytest.mark.parametrize(
    "address", [None, "https://api.openai.com/v1", "https://eu.api.openai.com/v1"]
)
def test_only_openai_itself_gets_max_completion_tokens(
    vendor: Vendor, http: httpx2.Client, address: str | None
) -> None:
    asked = call("answer", parameters=Parameters(max_tokens=77))
    body = sent_to_the_vendor(vendor, http, OPENAI, asked, address).body
    assert body["max_completion_tokens"] == 77
    assert "max_tokens" not in body
    assert sent(vendor, OPENAI, asked)["max_tokens"] == 77


def test_calls_without_an_address_go_to_the_vendors_own(
    vendor: Vendor, http: httpx2.Client
) -> None:
    openai_call = sent_to_the_vendor(vendor, http, OPENAI, call("answer"))
    assert (openai_call.headers["host"], openai_call.path) == (
        "api.openai.com",
        "/v1/chat/completions",
    )
    anthropic_call = sent_to_the_vendor(vendor, http, ANTHROPIC, call("answer"))
    assert (anthropic_call.headers["host"], anthropic_call.path) == (
        "api.anthropic.com",
        "/v1/messages",
    )


def test_anthropics_address_may_be_written_with_its_version(vendor: Vendor) -> None:
    versioned = Connection("faked", ANTHROPIC, f"{vendor.address}/v1", None)
    assert ask(versioned, call("answer")).failure is None
    assert vendor.last.path == "/v1/messages"


@both_vendors
def test_the_key_is_a_bearer_token(vendor: Vendor, kind: ProviderKind) -> None:
    ask(connection(vendor, kind, "sk-mine"), call("answer"))
    assert vendor.last.headers["authorization"] == "Bearer sk-mine"


@both_vendors
def test_a_server_without_key_gets_a_placeholder(vendor: Vendor, kind: ProviderKind) -> None:
    assert ask(connection(vendor, kind, None), call("answer")).failure is None
    assert vendor.last.headers["authorization"] == "Bearer none"


def test_anthropic_gets_sampling_parameters_only_when_set_with_the_older_version(
    vendor: Vendor,
) -> None:
    sampled = sent(
        vendor, ANTHROPIC, call("claude-3-haiku", parameters=Parameters(temperature=0.5, top_p=0.9))
    )
    assert (sampled["temperature"], sampled["top_p"]) == (0.5, 0.9)
    assert vendor.last.headers["anthropic-version"] == "2023-06-01"
    plain = sent(vendor, ANTHROPIC, call("claude-opus-4-7", parameters=Parameters(max_tokens=5)))
    assert plain.keys() & {"temperature", "top_p"} == set()
    assert vendor.last.headers["anthropic-version"] > "2023-06-01"


def test_anthropic_gets_stop_sequences_and_max_tokens(vendor: Vendor) -> None:
    body = sent(
        vendor,
        ANTHROPIC,
        call("answer", parameters=Parameters(stop_sequences=("END",), max_tokens=9)),
    )
    assert (body["stop_sequences"], body["max_tokens"]) == (["END"], 9)


def test_anthropic_gets_default_max_tokens(vendor: Vendor) -> None:
    assert sent(vendor, ANTHROPIC, call("answer"))["max_tokens"] == 4096


def test_anthropic_gets_no_unsupported_parameters(vendor: Vendor) -> None:
    body = sent(vendor, ANTHROPIC, call("claude-3-haiku", parameters=EVERYTHING))
    assert body.keys() & {"frequency_penalty", "presence_penalty", "seed", "stop"} == set()


def spoken(*said: tuple[MessageRole, str], system_prompt: str | None) -> ModelCall:
    messages = tuple(ChatMessage(role=role, content=text) for role, text in said)
    return ModelCall("answer", system_prompt, messages, Parameters())


CONVERSATION = (
    (MessageRole.USER, "One?"),
    (MessageRole.ASSISTANT, "1"),
    (MessageRole.SYSTEM, "Be kind."),
    (MessageRole.USER, "Two?"),
)


def test_openai_gets_the_system_prompt_first_and_the_conversation_as_it_was(vendor: Vendor) -> None:
    messages = sent(vendor, OPENAI, spoken(*CONVERSATION, system_prompt="Count."))["messages"]
    assert [(message["role"], message["content"]) for message in messages] == [
        ("system", "Count."),
        ("user", "One?"),
        ("assistant", "1"),
        ("system", "Be kind."),
        ("user", "Two?"),
    ]


def test_anthropic_gets_all_system_prompts_apart_from_the_conversation(vendor: Vendor) -> None:
    body = sent(vendor, ANTHROPIC, spoken(*CONVERSATION, system_prompt="Count."))
    assert body["system"] == "Count.\n\nBe kind."
    assert [(message["role"], message["content"]) for message in body["messages"]] == [
        ("user", "One?"),
        ("assistant", "1"),
        ("user", "Two?"),
    ]


@both_vendors
def test_without_a_system_prompt_there_is_none(vendor: Vendor, kind: ProviderKind) -> None:
    body = sent(vendor, kind, spoken((MessageRole.USER, "One?"), system_prompt=None))
    assert "system" not in body
    assert [message["role"] for message in body["messages"]] == ["user"]


@both_vendors
def test_every_character_arrives(vendor: Vendor, kind: ProviderKind) -> None:
    text = "Grüße, 世界! 😀 \u2028 \\ \" ' </s> \t\r\n"
    assert sent(vendor, kind, call("answer", prompt=text))["messages"][-1]["content"] == text
