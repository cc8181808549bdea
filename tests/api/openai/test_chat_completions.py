"""Answers as OpenAI's SDK asks for them and reads them."""

import json
import re
from typing import Any

import httpx2
import openai
import pytest
from openai.types.chat import ChatCompletionMessageParam, ChatCompletionToolParam

from core.database.db import Database, transaction
from core.executions.models import Execution
from core.identity.schemas import Role, Scope
from core.jobs import outbox
from core.prompts import jobs
from tests.api.conftest import Client
from tests.api.openai.conftest import sdk
from tests.factories.history import count
from tests.factories.identity import person
from tests.factories.keys import api_key
from tests.factories.prompts import create, label, save

HELLO: list[ChatCompletionMessageParam] = [{"role": "user", "content": "hello there"}]
WEATHER: ChatCompletionToolParam = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "The weather of a city",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}


PIXEL = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ"
    "/pLvAAAAAElFTkSuQmCC"
)


ONLY_OBJECT = {"type": "json_schema", "json_schema": {"name": "a", "schema": {"type": "object"}}}


def image(url: str, *, role: str = "user", times: int = 1) -> dict[str, Any]:
    """Return the messages of a question about an image."""
    shown = [{"type": "image_url", "image_url": {"url": url}}] * times
    return {"messages": [{"role": role, "content": [{"type": "text", "text": "Look"}, *shown]}]}


def test_an_answer_with_its_tokens(program: openai.OpenAI) -> None:
    found = program.chat.completions.create(model="fake:echo", messages=HELLO, temperature=0.1)
    assert found.choices[0].message.content is not None
    assert "hello there" in found.choices[0].message.content
    assert found.choices[0].finish_reason == "stop"
    assert found.usage is not None
    assert found.usage.total_tokens == found.usage.prompt_tokens + found.usage.completion_tokens


def test_a_streamed_answer_is_the_same_in_pieces(program: openai.OpenAI) -> None:
    whole = program.chat.completions.create(model="fake:echo", messages=HELLO)
    stream = program.chat.completions.create(
        model="fake:echo", messages=HELLO, stream=True, stream_options={"include_usage": True}
    )
    chunks = list(stream)
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == whole.choices[0].message.content
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == "stop"
    assert chunks[-1].usage == whole.usage


def test_the_streaming_helper_of_the_sdk_reads_it(program: openai.OpenAI) -> None:
    with program.chat.completions.stream(model="fake:echo", messages=HELLO) as stream:
        kinds = {event.type for event in stream}
    assert {"content.delta", "content.done"} <= kinds


def test_system_messages_and_earlier_ones_reach_the_model(program: openai.OpenAI) -> None:
    messages: list[ChatCompletionMessageParam] = [
        {"role": "system", "content": "Be a pirate."},
        {"role": "developer", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "one"}]},
        {"role": "assistant", "content": "two"},
        {"role": "user", "content": "three"},
    ]
    program.chat.completions.create(model="fake:echo", messages=messages, user="ada")
    with transaction() as session:
        row = session.query(Execution).one()
    assert (row.owner, row.key_id is not None) == (None, True)


@pytest.mark.parametrize("is_streamed", [True, False])
def test_a_tool_is_called_and_its_result_is_sent_back(
    program: openai.OpenAI, is_streamed: bool
) -> None:
    messages: list[ChatCompletionMessageParam] = [{"role": "user", "content": "weather?"}]
    message: Any
    if is_streamed:
        with program.chat.completions.stream(
            model="fake:tools", messages=messages, tools=[WEATHER]
        ) as stream:
            message = stream.get_final_completion().choices[0].message
    else:
        first = program.chat.completions.create(
            model="fake:tools", messages=messages, tools=[WEATHER]
        )
        assert first.choices[0].finish_reason == "tool_calls"
        message = first.choices[0].message
    [call] = message.tool_calls or []
    assert call.type == "function"
    assert call.function.name == "weather"
    assert isinstance(json.loads(call.function.arguments), dict)
    answered: list[Any] = [
        *messages,
        message.model_dump(exclude_none=True),  # as its guide does
        {"role": "tool", "tool_call_id": call.id, "content": "sunny"},
    ]
    second = program.chat.completions.create(model="fake:tools", messages=answered, tools=[WEATHER])
    assert second.choices[0].finish_reason == "stop"


@pytest.mark.parametrize(
    "choice", ["required", {"type": "function", "function": {"name": "weather"}}], ids=str
)
def test_a_tool_that_must_be_called_is_called(program: openai.OpenAI, choice: Any) -> None:  # noqa: ANN401  any form of the SDK
    found = program.chat.completions.create(
        model="fake:echo", messages=HELLO, tools=[WEATHER], tool_choice=choice
    )
    [call] = found.choices[0].message.tool_calls or []
    assert (call.type, call.type == "function" and call.function.name) == ("function", "weather")


@pytest.mark.parametrize(("more", "number"), [({"parallel_tool_calls": False}, 1), ({}, 2)])
def test_an_answer_calls_one_tool_where_it_may_not_call_several(
    program: openai.OpenAI, more: dict[str, Any], number: int
) -> None:
    # The field was dropped in silence
    script = {"tool_calls": [{"name": "weather"}, {"name": "weather"}]}
    found = program.chat.completions.create(
        model="fake:echo",
        messages=[{"role": "user", "content": f"#fake {json.dumps(script)}"}],
        tools=[WEATHER],
        **more,
    )
    assert len(found.choices[0].message.tool_calls or []) == number


def test_fields_that_ask_for_nothing_more_are_taken(program: openai.OpenAI) -> None:
    found = program.chat.completions.create(
        model="fake:echo",
        messages=HELLO,
        logprobs=False,
        logit_bias={},
        modalities=["text"],
        parallel_tool_calls=False,
        store=False,
    )
    assert found.choices[0].finish_reason == "stop"


def test_a_response_format_is_kept(program: openai.OpenAI) -> None:
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {"n": {"type": "integer"}},
        "required": ["n"],
    }
    found = program.chat.completions.create(
        model="fake:echo",
        messages=HELLO,
        response_format={
            "type": "json_schema",
            "json_schema": {"name": "number", "schema": schema},
        },
    )
    assert isinstance(json.loads(found.choices[0].message.content or "")["n"], int)


def test_a_json_object_is_answered_where_no_schema_is_given(program: openai.OpenAI) -> None:
    found = program.chat.completions.create(
        model="fake:echo", messages=HELLO, response_format={"type": "json_object"}
    )
    assert isinstance(json.loads(found.choices[0].message.content or ""), dict)


def test_an_image_reaches_the_model(program: openai.OpenAI) -> None:
    found = program.chat.completions.create(model="fake:echo", **image(PIXEL))
    assert re.search(r"Look \[image of \d+ bytes\]", found.choices[0].message.content or "")


def test_a_prompt_is_called_by_name_and_label_with_variables(program: openai.OpenAI) -> None:
    owner = person(Role.ADMIN).actor
    made = create(
        owner, system_prompt="Be {{tone}}.", prompt="", visibility="public", model_id="fake:echo"
    )
    label(owner, made.id, 1)
    save(owner, made.id, system_prompt="Be gone.")
    found = program.chat.completions.create(
        model="prompt:support@production",
        messages=HELLO,
        extra_body={"variables": {"tone": "kind"}},
    )
    assert found.model == "prompt:support@production"
    assert "Be kind." in (found.choices[0].message.content or "")


def test_a_prompt_keeps_the_tool_that_must_be_called(program: openai.OpenAI) -> None:
    create(person().actor, prompt="Hello", visibility="public", model_id="fake:echo")
    found = program.chat.completions.create(
        model="prompt:support@1",
        messages=[{"role": "system", "content": ""}],
        tools=[WEATHER],
        tool_choice="required",
    )
    assert found.choices[0].finish_reason == "tool_calls"


def test_its_calls_are_ai_requests_of_its_environment_and_prompt(
    program: openai.OpenAI,
) -> None:
    owner = person(Role.ADMIN).actor
    create(owner, prompt="hello", visibility="public", model_id="fake:echo")
    program.chat.completions.create(model="prompt:support@1", messages=[], user="ada")
    with transaction() as session:
        id_ = str(session.query(Execution).one().id)
    outbox.relay(Database.CORE)
    jobs.record_requests({"ids": [id_]})  # an event may be delivered twice
    known = (
        f"external_id = '{id_}' and environment = 'staging' and prompt_name = 'support' "
        "and prompt_version = '1' and status = 'ok' and total_tokens > 0 and user_id is not null"
    )
    assert count("ai_request_metrics", known) == 1
    assert count("ai_request_metrics", "true") == 1


def test_the_models_are_listed(program: openai.OpenAI) -> None:
    assert "fake:echo" in [model.id for model in program.models.list()]


def test_one_model_is_retrieved_by_its_id(program: openai.OpenAI) -> None:
    listed = {model.id: model for model in program.models.list()}
    assert program.models.retrieve("fake:echo") == listed["fake:echo"]
    with pytest.raises(openai.NotFoundError) as missing:
        program.models.retrieve("some/other-model")
    assert missing.value.code == "model_not_found"


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"n": 2}, "one choice"),
        ({"tool_choice": "required"}, "tool_choice"),
        ({"tool_choice": "often", "tools": [WEATHER]}, "tool_choice"),
        ({"tools": [WEATHER, WEATHER]}, "^Error code: 400 - tools: Two tools have the same name"),
        ({"temperature": 9}, "temperature"),
        ({"messages": [{"role": "user", "content": [{"type": "input_audio"}]}]}, "input_audio"),
        (image("https://elsewhere.example/cat.png"), "data URLs"),
        (image("data:image/png;base64,!"), "base64"),
        (image("data:image/png;base64,aGVsbG8="), "cannot be read as an image"),
        (image(PIXEL, role="system"), "image_url is not supported in messages of system"),
        (image(PIXEL, times=21), "20 images"),
        ({"messages": []}, "at least one message"),
        ({"messages": [{"role": "system", "content": "x"}]}, "message of the user"),
        ({"messages": [{"role": "assistant", "content": "x"}]}, "message of the user"),
        ({"logprobs": True}, "logprobs"),
        ({"logit_bias": {"50256": -100}}, "logit_bias"),
        ({"functions": [{"name": "weather"}]}, "functions"),
        ({"modalities": ["text", "audio"]}, "modalities"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "tool_call_id"),
        ({"model": "fake:echo", "stop": ["a"] * 9}, "^Error code: 400 - stop: "),
        ({"response_format": ONLY_OBJECT}, "^Error code: 400 - response_format: "),
        ({"response_format": {"type": "json_schema"}}, "response_format: `json_schema`"),
        ({"max_completion_tokens": 0}, "^Error code: 400 - max_completion_tokens: "),
    ],
)
def test_what_is_not_supported_is_a_bad_request_in_words(
    program: openai.OpenAI, more: dict[str, object], words: str
) -> None:
    with pytest.raises(openai.BadRequestError, match=words) as refused:
        program.chat.completions.create(
            **{"model": "fake:echo", "messages": HELLO, **more}  # type: ignore[call-overload]
        )
    assert refused.value.type == "invalid_request_error"


@pytest.mark.parametrize("model", ["fake:nothing", "prompt:nothing", "prompt:default@nowhere"])
def test_a_model_or_prompt_that_is_not_there_is_not_found(
    program: openai.OpenAI, model: str
) -> None:
    with pytest.raises(openai.NotFoundError):
        program.chat.completions.create(model=model, messages=HELLO)


@pytest.mark.parametrize(
    ("more", "param"),
    [
        ({"response_format": {"type": "json_object"}}, "response_format"),
        ({"reasoning_effort": "high"}, "reasoning_effort"),
    ],
)
def test_what_a_model_does_not_take_is_said_in_names_of_openai(
    program: openai.OpenAI, more: dict[str, Any], param: str
) -> None:
    with pytest.raises(openai.BadRequestError, match=f"- {param}: fake:plain") as refused:
        program.chat.completions.create(model="fake:plain", messages=HELLO, **more)
    assert refused.value.param == param


@pytest.mark.parametrize(
    ("content", "param"),
    [
        ({"prompt": "Hello"}, "model"),
        ({"prompt": "", "system_prompt": "Be kind.", "model_id": "fake:echo"}, "messages"),
    ],
)
def test_what_a_prompt_lacks_is_said_in_names_of_openai(
    program: openai.OpenAI, content: dict[str, Any], param: str
) -> None:
    create(person().actor, visibility="public", **content)
    with pytest.raises(openai.BadRequestError) as refused:
        program.chat.completions.create(model="prompt:support@1", messages=[])
    assert refused.value.param == param
    assert "`" not in refused.value.message


@pytest.mark.parametrize("body", ["{", "[]"])
def test_an_error_of_the_whole_body_names_no_field(
    program: openai.OpenAI, address: str, body: str
) -> None:
    # It was named ""
    answer = httpx2.post(
        f"{address}/openai/v1/chat/completions",
        content=body,
        headers={"Authorization": f"Bearer {program.api_key}"},
        trust_env=False,
    )
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, None)


def test_a_provider_that_fails_is_an_error_of_the_server(program: openai.OpenAI) -> None:
    with pytest.raises(openai.InternalServerError):
        program.chat.completions.create(model="fake:failing", messages=HELLO)
    stream = program.chat.completions.create(model="fake:failing", messages=HELLO, stream=True)
    with pytest.raises(openai.APIError):
        list(stream)


def test_a_wrong_key_and_one_without_the_scope_are_refused(client: Client, address: str) -> None:
    with sdk(address, "atn_wrong") as nobody, pytest.raises(openai.AuthenticationError):
        nobody.models.list()
    with (
        sdk(address, api_key(Scope.INGEST).key) as sender,
        pytest.raises(openai.PermissionDeniedError, match="scope execute"),
    ):
        sender.chat.completions.create(model="fake:echo", messages=HELLO)


def test_a_body_of_millions_of_tiny_values_fills_no_memory(address: str, client: Client) -> None:
    key = api_key(Scope.EXECUTE).key
    bomb = b'{"model": "fake:echo", "messages": [' + b"{}," * 1_000_000 + b"{}]}"
    answer = httpx2.post(
        f"{address}/openai/v1/chat/completions",
        content=bomb,
        headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
        trust_env=False,
        timeout=60,
    )
    assert answer.status_code == 400
    assert "values" in answer.json()["error"]["message"]


def test_an_unknown_path_is_not_found_in_the_sdks_words(program: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError, match="Nothing found"):
        program.embeddings.create(model="fake:echo", input="x")
