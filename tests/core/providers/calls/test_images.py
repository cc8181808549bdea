"""Images of a message in the form of each vendor, and in estimates."""

import json
from base64 import b64encode
from dataclasses import replace
from typing import Any

import pytest
from pydantic import TypeAdapter

from core.executions.schemas import NewExecution
from core.network.cancellation import CancelToken
from core.providers import capabilities
from core.providers.catalogue import model_view
from core.providers.chunks import TextChunk
from core.providers.errors import ParameterNotSupported
from core.providers.images import IllustratedMessage
from core.providers.schemas import (
    Connection,
    ListedModel,
    MessageRole,
    ModelCall,
    Parameters,
    ProviderKind,
)
from core.providers.vendors import anthropic_request, fake, openai_request

JPEG = b"\xff\xd8\xff a picture"
DATA = b64encode(JPEG).decode()
MESSAGE = IllustratedMessage(role=MessageRole.USER, content="What is this?", jpegs=(JPEG,))
CALL = ModelCall("echo", "Hi", (MESSAGE,), Parameters())


def accepts(kind: ProviderKind, name: str) -> bool:
    connection = Connection("a", kind, None, "k")
    return capabilities.of_model(connection, name, None).images


def test_openai_gets_an_image_as_an_address_with_its_data() -> None:
    [_, sent] = openai_request.request_of(CALL, is_vendor=True)["messages"]
    image = {"type": "image_url", "image_url": {"url": f"data:image/jpeg;base64,{DATA}"}}
    assert sent == {"role": "user", "content": [{"type": "text", "text": "What is this?"}, image]}


def test_anthropic_gets_an_image_before_the_text() -> None:
    [sent] = anthropic_request.request_of(CALL)["messages"]
    source = {"type": "base64", "media_type": "image/jpeg", "data": DATA}
    image = {"type": "image", "source": source}
    assert sent == {"role": "user", "content": [image, {"type": "text", "text": "What is this?"}]}


def test_the_fake_says_which_images_it_was_sent() -> None:
    chunks = fake.Fake().stream(CALL, CancelToken())
    text = "".join(chunk.text for chunk in chunks if isinstance(chunk, TextChunk))
    assert f"[image of {len(JPEG)} bytes]" in text


def test_an_image_is_a_part_of_the_call_and_never_of_what_is_stored() -> None:
    new = NewExecution(model_id="fake:echo", messages=(MESSAGE,))
    assert new.messages[0] is MESSAGE
    dumped: Any = json.loads(TypeAdapter(object).dump_json(MESSAGE))
    assert dumped.keys() == {"role", "content", "tool_calls", "tool_call_id"}
    assert "jpegs" not in MESSAGE.model_dump(mode="json")


def test_an_image_counts_in_the_estimate_of_tokens() -> None:
    assert MESSAGE.size_chars == len("What is this?") + 4 * 1500


@pytest.mark.parametrize(
    ("kind", "name", "expected"),
    [
        (ProviderKind.OPENAI, "gpt-3.5-turbo", False),
        (ProviderKind.OPENAI, "gpt-4", False),
        (ProviderKind.OPENAI, "gpt-4-turbo", True),
        (ProviderKind.OPENAI, "gpt-4-turbo-preview", False),
        (ProviderKind.OPENAI, "gpt-4o-mini", True),
        (ProviderKind.OPENAI, "gpt-4.1", True),
        (ProviderKind.OPENAI, "gpt-5", True),
        (ProviderKind.OPENAI, "o1-mini", False),
        (ProviderKind.OPENAI, "o3-mini", False),
        (ProviderKind.OPENAI, "o3", True),
        (ProviderKind.ANTHROPIC, "claude-2.1", False),
        (ProviderKind.ANTHROPIC, "claude-3-haiku-20240307", True),
        (ProviderKind.ANTHROPIC, "claude-opus-4-6", True),
        (ProviderKind.LOCAL, "smollm2", False),
        (ProviderKind.FAKE, "echo", True),
        (ProviderKind.FAKE, "plain", False),
    ],
)
def test_models_accept_images_or_not(kind: ProviderKind, name: str, expected: bool) -> None:
    assert accepts(kind, name) is expected


def test_images_for_a_model_without_them_are_refused_before_the_call() -> None:
    connection = Connection("fake", ProviderKind.FAKE, None, None)
    plain = model_view(connection, ListedModel("plain"))
    with pytest.raises(ParameterNotSupported, match="does not accept images"):
        capabilities.check_supported(plain, replace(CALL, model="plain"))
