"""Valid names and keys of providers."""

import pytest
from pydantic import ValidationError

from core.providers.provider_schemas import NewProvider, ProviderChange
from core.providers.schemas import ProviderKind
from tests.factories.providers import OPENAI


@pytest.mark.parametrize(
    "secret", ["two words", "line\nbreak", "schlüssel", "", "   ", "x" * 501, "nul\0"]
)
def test_a_key_that_no_header_can_hold_is_rejected(secret: str) -> None:
    with pytest.raises(ValidationError, match="secret"):
        NewProvider(name="mine", kind=OPENAI, secret=secret)
    with pytest.raises(ValidationError, match="secret"):
        ProviderChange(secret=secret)


def test_a_key_that_was_pasted_with_spaces_around_it_is_trimmed() -> None:
    assert NewProvider(name="mine", kind=OPENAI, secret="  sk-key\n").secret == "sk-key"


@pytest.mark.parametrize(
    "name", ["", "Mine", "with space", "a:b", "-dash", "x" * 41, "é", "a\n", "nul\0"]
)
def test_invalid_provider_names_are_rejected(name: str) -> None:
    with pytest.raises(ValidationError, match="name"):
        NewProvider(name=name, kind=OPENAI)


@pytest.mark.parametrize("name", ["openai", "my-own_2", "0", "x" * 40])
def test_valid_provider_names_are_accepted(name: str) -> None:
    assert NewProvider(name=name, kind=OPENAI).name == name


@pytest.mark.parametrize("kind", [ProviderKind.LOCAL, ProviderKind.FAKE, "unheard-of"])
def test_packaged_kinds_cannot_be_added(kind: str) -> None:
    with pytest.raises(ValidationError, match="kind"):
        NewProvider.model_validate({"name": "mine", "kind": kind})
