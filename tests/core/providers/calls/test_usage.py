"""Token counts of all vendors in one form: input includes cached tokens, output reasoning."""

from typing import Any

import pytest

from core.providers.chunks import Usage
from core.providers.schemas import ProviderKind
from tests.factories.providers import ANTHROPIC, OPENAI, ask, both_vendors, call, connection
from tests.fake_vendor import Literally, Vendor


def counted(vendor: Vendor, kind: ProviderKind, *usages: Any) -> Usage | None:  # noqa: ANN401  whatever a server may send
    """Return what is made of a stream that counts once, or several times."""
    if kind is OPENAI:
        end = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
        vendor.literal["counting"] = Literally.events(
            end, *({"choices": [], "usage": usage} for usage in usages)
        )
    else:
        first, *later = usages
        deltas = [
            {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": usage}
            for usage in later or [{}]
        ]
        vendor.literal["counting"] = Literally.events(
            {"type": "message_start", "message": {"usage": first}}, *deltas
        )
    return ask(connection(vendor, kind), call("counting")).usage


def test_openais_input_includes_the_cached_and_its_output_the_reasoning(vendor: Vendor) -> None:
    usage = ask(connection(vendor, OPENAI), call("answer?chunks=5")).usage
    assert usage == Usage(input=13, output=8, cached=4, reasoning=3)


def test_openai_is_asked_for_usage(vendor: Vendor) -> None:
    ask(connection(vendor, OPENAI), call("answer"))
    assert vendor.last.body["stream_options"] == {"include_usage": True}


def test_anthropics_input_leaves_out_the_cached_which_are_added(vendor: Vendor) -> None:
    usage = ask(connection(vendor, ANTHROPIC), call("answer?chunks=5")).usage
    assert usage == Usage(input=7 + 4 + 2, output=8, cached=4, cache_write=2)


def test_what_anthropic_keeps_for_an_hour_is_counted_apart(vendor: Vendor) -> None:
    # Such writes cost twice the input, others 1.25 times
    first = {
        "input_tokens": 3,
        "cache_creation_input_tokens": 50,
        "cache_creation": {"ephemeral_5m_input_tokens": 10, "ephemeral_1h_input_tokens": 40},
        "output_tokens": 1,
    }
    later = {"cache_creation_input_tokens": 50, "output_tokens": 9}
    assert counted(vendor, ANTHROPIC, first, later) == Usage(
        input=53, output=9, cache_write=50, cache_write_1h=40
    )


@pytest.mark.parametrize("nonsense", [None, 3, [1], {}, {"ephemeral_1h_input_tokens": "many"}])
def test_a_strange_split_of_what_was_written_counts_as_none(
    vendor: Vendor, nonsense: object
) -> None:
    usage = {"cache_creation_input_tokens": 5, "cache_creation": nonsense}
    assert counted(vendor, ANTHROPIC, usage) == Usage(input=5, cache_write=5)


def test_no_more_is_kept_for_an_hour_than_was_written(vendor: Vendor) -> None:
    split = {"ephemeral_1h_input_tokens": 9}
    usage = {"cache_creation_input_tokens": 5, "cache_creation": split}
    assert counted(vendor, ANTHROPIC, usage) == Usage(input=5, cache_write=5, cache_write_1h=5)


def test_anthropics_thinking_is_reasoning(vendor: Vendor) -> None:
    later = {"output_tokens": 90, "output_tokens_details": {"thinking_tokens": 60}}
    assert counted(vendor, ANTHROPIC, {"input_tokens": 7, "output_tokens": 1}, later) == Usage(
        input=7, output=90, reasoning=60
    )


def test_later_usage_of_anthropic_replaces_or_omits_counts(vendor: Vendor) -> None:
    first = {"input_tokens": 0, "output_tokens": 1}
    later = [
        {"input_tokens": 20, "cache_read_input_tokens": 5, "output_tokens": 3},
        {"output_tokens": 9},
    ]
    assert counted(vendor, ANTHROPIC, first, *later) == Usage(input=25, output=9, cached=5)


def test_the_last_of_repeated_usage_counts_applies(vendor: Vendor) -> None:
    usages = [{"prompt_tokens": 13, "completion_tokens": number} for number in (1, 2, 3)]
    assert counted(vendor, OPENAI, *usages) == Usage(input=13, output=3)


def test_tokens_written_to_a_cache_are_reported(vendor: Vendor) -> None:
    details = {"cached_tokens": 2, "cache_write_tokens": 5}
    usage = {"prompt_tokens": 9, "completion_tokens": 1, "prompt_tokens_details": details}
    assert counted(vendor, OPENAI, usage) == Usage(input=9, output=1, cached=2, cache_write=5)


@both_vendors
@pytest.mark.parametrize("nonsense", [None, "many", -5, 2.5, [1], {}])
def test_invalid_token_counts_count_as_zero(
    vendor: Vendor, kind: ProviderKind, nonsense: object
) -> None:
    names = (
        "prompt_tokens",
        "completion_tokens",
        "input_tokens",
        "output_tokens",
        "cache_read_input_tokens",
    )
    usage = dict.fromkeys(names, nonsense)
    assert counted(vendor, kind, usage, usage) == Usage()


def test_a_boolean_is_no_token_count(vendor: Vendor) -> None:
    # A column of numbers does not take it. Anthropic's SDK has made a number of it
    usage = {"prompt_tokens": True, "completion_tokens": 3}
    assert counted(vendor, OPENAI, usage) == Usage(output=3)


@both_vendors
def test_absurd_numbers_fit_their_columns(vendor: Vendor, kind: ProviderKind) -> None:
    usage = {
        "prompt_tokens": 10**30,
        "completion_tokens": 10**30,
        "input_tokens": 10**30,
        "output_tokens": 10**30,
    }
    found = counted(vendor, kind, usage, usage)
    assert found is not None
    assert found.total < 2**31


@both_vendors
def test_without_usage_token_counts_are_unknown(vendor: Vendor, kind: ProviderKind) -> None:
    usage = counted(vendor, kind) if kind is OPENAI else counted(vendor, kind, {})
    assert usage in (None, Usage())
