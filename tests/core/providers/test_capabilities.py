"""The parameters that each model supports, by its name."""

import pytest

from core.providers import capabilities
from core.providers.catalogue import model_view
from core.providers.errors import ParameterNotSupported
from core.providers.schemas import (
    Connection,
    ListedModel,
    ParameterName,
    Parameters,
    ProviderKind,
)
from core.providers.schemas import ParameterName as P
from tests.factories.providers import ANTHROPIC, OPENAI, call

NEWER = {P.REASONING_EFFORT, P.THINKING_BUDGET, P.PROMPT_CACHE_TTL}
EVERYTHING = set(ParameterName) - NEWER
REASONING = {P.MAX_TOKENS, P.SEED}
NEWER_CLAUDE = {P.MAX_TOKENS, P.STOP_SEQUENCES}
OLDER_CLAUDE = NEWER_CLAUDE | {P.TEMPERATURE, P.TOP_P}
ELSEWHERE = "https://models.example.com/v1"


def taken(kind: ProviderKind, name: str, base_url: str | None = None) -> set[ParameterName]:
    """Return the parameters without the newer ones, which have tests of their own."""
    connection = Connection("any", kind, base_url, None)
    return set(capabilities.of_model(connection, name, None).parameters) - NEWER


def choices(kind: ProviderKind, name: str, parameter: ParameterName) -> str:
    parameters = capabilities.of_model(Connection("any", kind, None, None), name, None).parameters
    return " ".join(parameters[parameter].choices or ()) if parameter in parameters else ""


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
    [(OPENAI, True), (ANTHROPIC, True), (ProviderKind.LOCAL, False), (ProviderKind.FAKE, True)],
)
def test_tools_are_offered_only_for_models_that_support_them(
    kind: ProviderKind, *, tools: bool
) -> None:
    assert capabilities.of_model(Connection("any", kind, None, None), "m", 2048).tools is tools


@pytest.mark.parametrize(
    ("kind", "name", "efforts"),
    [
        (OPENAI, "gpt-4o", ""),
        (OPENAI, "gpt-5-chat-latest", ""),
        (OPENAI, "o1-mini", ""),
        (OPENAI, "o4-mini-2025-04-16", "low medium high"),
        (OPENAI, "gpt-5-mini", "minimal low medium high"),
        (OPENAI, "gpt-5-pro", "high"),
        (OPENAI, "gpt-5.1-2025-11-13", "none low medium high"),
        (OPENAI, "gpt-5.4", "none low medium high xhigh"),
        (OPENAI, "gpt-5.6-terra", "none low medium high xhigh max"),
        (OPENAI, "gpt-5.10", "none low medium high xhigh max"),
        (ANTHROPIC, "claude-3-7-sonnet-20250219", ""),
        (ANTHROPIC, "claude-sonnet-4-5", ""),
        (ANTHROPIC, "claude-opus-4-5-20251101", "low medium high"),
        (ANTHROPIC, "claude-sonnet-4-6", "low medium high max"),
        (ANTHROPIC, "claude-opus-5-5", "low medium high xhigh max"),
    ],
)
def test_the_reasoning_efforts_are_those_of_the_model(
    kind: ProviderKind, name: str, efforts: str
) -> None:
    assert choices(kind, name, P.REASONING_EFFORT) == efforts


@pytest.mark.parametrize(
    ("name", "has_budget"),
    [
        ("claude-3-5-sonnet-latest", False),
        ("claude-3-7-sonnet-20250219", True),
        ("claude-opus-4-1-20250805", True),
        ("claude-haiku-4-5", True),
        ("claude-opus-4-6", False),
        ("claude-sonnet-5", False),
    ],
)
def test_a_thinking_budget_is_offered_until_4_5_and_excludes_sampling(
    name: str, *, has_budget: bool
) -> None:
    parameters = capabilities.of_model(Connection("any", ANTHROPIC, None, None), name, None)
    budget = parameters.parameters.get(P.THINKING_BUDGET)
    assert (budget is not None) is has_budget
    assert budget is None or set(budget.excludes) == {P.TEMPERATURE, P.TOP_P}


@pytest.mark.parametrize(
    ("kind", "name", "ttls"),
    [
        (OPENAI, "gpt-4o", ""),
        (OPENAI, "gpt-4.1", "24h"),
        (OPENAI, "gpt-5.5", "24h"),
        (OPENAI, "gpt-5.6", "30m"),
        (OPENAI, "gpt-6-astra", "30m"),
        (ANTHROPIC, "claude-opus-5", "5m 1h"),
    ],
)
def test_the_cache_lifetimes_are_those_of_the_vendor(
    kind: ProviderKind, name: str, ttls: str
) -> None:
    assert choices(kind, name, P.PROMPT_CACHE_TTL) == ttls


@pytest.mark.parametrize(
    ("kind", "name", "structured_output"),
    [
        (OPENAI, "gpt-3.5-turbo", "none"),
        (OPENAI, "gpt-4-turbo", "none"),
        (OPENAI, "gpt-4o-2024-05-13", "none"),
        (OPENAI, "o1-preview", "none"),
        (OPENAI, "gpt-4o", "native"),
        (OPENAI, "gpt-4.1-mini", "native"),
        (OPENAI, "o3", "native"),
        (OPENAI, "gpt-5.6", "native"),
        (ANTHROPIC, "claude-3-7-sonnet-20250219", "none"),
        (ANTHROPIC, "claude-opus-4-1", "none"),
        (ANTHROPIC, "claude-sonnet-4-5-20250929", "native"),
        (ANTHROPIC, "claude-opus-5", "native"),
        (ProviderKind.LOCAL, "smollm2-135m-instruct", "constrained"),
    ],
)
def test_structured_output_is_native_constrained_or_none(
    kind: ProviderKind, name: str, structured_output: str
) -> None:
    found = capabilities.of_model(Connection("any", kind, None, None), name, None)
    assert found.structured_output == structured_output


def test_other_servers_constrain_answers_and_take_any_reasoning_effort() -> None:
    found = capabilities.of_model(Connection("any", OPENAI, ELSEWHERE, None), "llama3", None)
    assert found.structured_output == "constrained"
    assert len(found.parameters[P.REASONING_EFFORT].choices or ()) == 7


def problems(name: str, **parameters: object) -> str:
    connection = Connection("any", ANTHROPIC, None, None)
    asked = call(name, parameters=Parameters.model_validate(parameters))
    try:
        capabilities.check_supported(model_view(connection, ListedModel(name)), asked)
    except ParameterNotSupported as error:
        return error.detail
    return ""


def test_a_value_that_is_no_choice_of_the_model_is_rejected() -> None:
    assert "allows only low, medium, high." in problems("claude-opus-4-5", reasoning_effort="max")
    assert problems("claude-opus-4-5", reasoning_effort="high") == ""


def test_parameters_that_exclude_each_other_are_rejected_together() -> None:
    together = problems("claude-sonnet-4-5", thinking_budget=2000, temperature=1)
    assert "does not support it together with temperature." in together
    assert "together with temperature" in problems("claude-opus-4-1", temperature=1, top_p=0.5)
    assert problems("claude-3-haiku", temperature=1, top_p=0.5) == ""


def test_a_thinking_budget_leaves_tokens_for_the_answer() -> None:
    for max_tokens in (1500, 2000):
        assert "max_tokens" in problems(
            "claude-sonnet-4-5", thinking_budget=2000, max_tokens=max_tokens
        )
    assert problems("claude-sonnet-4-5", thinking_budget=2000, max_tokens=2001) == ""
    assert problems("claude-sonnet-4-5", thinking_budget=2000) == ""


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
