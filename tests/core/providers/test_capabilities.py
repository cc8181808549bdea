"""The parameters that each model supports, by its name."""

import pytest

from core.providers import capabilities
from core.providers.schemas import Connection, ParameterName, ProviderKind
from core.providers.schemas import ParameterName as P
from tests.factories.providers import ANTHROPIC, OPENAI

EVERYTHING = set(ParameterName)
REASONING = {P.MAX_TOKENS, P.SEED}
NEWER_CLAUDE = {P.MAX_TOKENS, P.STOP_SEQUENCES}
OLDER_CLAUDE = NEWER_CLAUDE | {P.TEMPERATURE, P.TOP_P}
ELSEWHERE = "https://models.example.com/v1"


def taken(kind: ProviderKind, name: str, base_url: str | None = None) -> set[ParameterName]:
    return set(
        capabilities.of_model(Connection("any", kind, base_url, None), name, None).parameters
    )


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("gpt-4o", EVERYTHING),
        ("gpt-4o-mini", EVERYTHING),
        ("gpt-4.1", EVERYTHING),
        ("gpt-4-turbo-2024-04-09", EVERYTHING),
        ("gpt-3.5-turbo", EVERYTHING),
        ("chatgpt-4o-latest", EVERYTHING),
        ("gpt-5-chat-latest", EVERYTHING),
        ("o1", REASONING),
        ("o3-mini", REASONING),
        ("o4-mini-2025-04-16", REASONING),
        ("gpt-5", REASONING),
        ("gpt-5.1", REASONING),
        ("gpt-5-nano", REASONING),
        ("gpt-10", REASONING),
    ],
)
def test_openais_reasoning_models_take_neither_sampling_nor_stop_sequences(
    name: str, parameters: set[ParameterName]
) -> None:
    assert taken(OPENAI, name) == parameters


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("claude-2.1", OLDER_CLAUDE),
        ("claude-instant-1.2", OLDER_CLAUDE),
        ("claude-3-haiku-20240307", OLDER_CLAUDE),
        ("claude-3-5-sonnet-latest", OLDER_CLAUDE),
        ("claude-3-7-sonnet-20250219", OLDER_CLAUDE),
        ("claude-opus-4-20250514", OLDER_CLAUDE),
        ("claude-sonnet-4-0", OLDER_CLAUDE),
        ("claude-sonnet-4-5-20250929", OLDER_CLAUDE),
        ("claude-haiku-4-5", OLDER_CLAUDE),
        ("claude-opus-4-6", OLDER_CLAUDE),
        ("claude-opus-4-7", NEWER_CLAUDE),
        ("claude-sonnet-4-7-20260801", NEWER_CLAUDE),
        ("claude-opus-5", NEWER_CLAUDE),
        ("claude-opus-4-10", NEWER_CLAUDE),
        ("claude-of-tomorrow", NEWER_CLAUDE),
    ],
)
def test_anthropics_sampling_ends_with_4_6(name: str, parameters: set[ParameterName]) -> None:
    assert taken(ANTHROPIC, name) == parameters


def test_anthropics_maximum_temperature_is_one() -> None:
    found = capabilities.of_model(Connection("any", ANTHROPIC, None, None), "claude-3-haiku", None)
    assert found.parameters[P.TEMPERATURE].maximum == 1


@pytest.mark.parametrize("name", ["gpt-5", "o1", "llama3:8b"])
def test_other_servers_with_openais_protocol_get_every_parameter(name: str) -> None:
    assert taken(OPENAI, name, ELSEWHERE) == EVERYTHING


@pytest.mark.parametrize("address", ["https://api.openai.com/v1", "https://eu.api.openai.com/v1"])
def test_openai_by_its_full_address_is_openai(address: str) -> None:
    assert taken(OPENAI, "gpt-5", address) == REASONING


def test_an_address_that_only_ends_like_openais_is_not_openai() -> None:
    assert taken(OPENAI, "gpt-5", "https://notapi.openai.com.example.com/v1") == EVERYTHING
    assert taken(OPENAI, "gpt-5", "https://evil-api.openai.com/v1") == EVERYTHING


@pytest.mark.parametrize(
    ("kind", "tools"),
    [(OPENAI, True), (ANTHROPIC, True), (ProviderKind.LOCAL, False), (ProviderKind.FAKE, False)],
)
def test_tools_are_offered_only_for_models_that_support_them(
    kind: ProviderKind, *, tools: bool
) -> None:
    assert capabilities.of_model(Connection("any", kind, None, None), "m", 2048).tools is tools


def test_the_local_models_maximum_tokens_are_its_context_window() -> None:
    found = capabilities.of_model(Connection("local", ProviderKind.LOCAL, None, None), "m", 2048)
    assert found.parameters[P.MAX_TOKENS].maximum == 2048


@pytest.mark.parametrize(
    ("name", "is_chat"),
    [
        ("gpt-5", True),
        ("gpt-4o", True),
        ("o3", True),
        ("gpt-4o-audio-preview", False),
        ("gpt-4o-realtime-preview", False),
        ("gpt-4o-transcribe", False),
        ("gpt-image-1", False),
        ("dall-e-3", False),
        ("tts-1", False),
        ("whisper-1", False),
        ("text-embedding-3-small", False),
        ("omni-moderation-latest", False),
        ("gpt-3.5-turbo-instruct", False),
        ("davinci-002", False),
        ("o4-mini-deep-research", False),
        ("ft:gpt-4o:me::1", False),
    ],
)
def test_of_what_openai_lists_only_chat_models_are_offered(name: str, *, is_chat: bool) -> None:
    assert capabilities.is_chat(Connection("openai", OPENAI, None, "k"), name) is is_chat


def test_every_model_that_other_servers_list_is_offered() -> None:
    assert capabilities.is_chat(Connection("mine", OPENAI, ELSEWHERE, None), "my-audio-assistant")
    assert capabilities.is_chat(Connection("mine", ANTHROPIC, None, None), "claude-instant-1.2")
