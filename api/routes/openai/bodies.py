"""The body of a chat completion request, and the call that it asks for."""

import re
from binascii import a2b_base64
from itertools import takewhile
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from core.attachments.images import as_jpeg
from core.errors import Invalid
from core.executions.schemas import CostLimit
from core.ingest.json_objects import JsonObject
from core.presentation.validation import message_of
from core.prompts.calls import PromptExecution
from core.providers.images import IllustratedMessage
from core.providers.schemas import ANY_TOOL, ChatMessage, MessageRole, Parameters, Tool
from core.providers.tools.tool_calls import MessageToolCall

PROMPT = "prompt:"
MAX_IMAGES = 20
# They would change the answer: an SDK that sends them must not think that they were followed
UNSUPPORTED = (
    "functions",
    "function_call",
    "logprobs",
    "logit_bias",
    "audio",
    "web_search_options",
)
# An error names the field that the caller sent
OPENAI_NAMES = {
    "model_id": "model",
    "prompt": "messages",
    "response_schema": "response_format",
    "stop_sequences": "stop",
}
IMAGE = re.compile(r"data:image/[a-z.+-]+;base64,")
# Any JSON object, for `json_object`
ANY_OBJECT: JsonObject = {"type": "object", "properties": {}, "additionalProperties": True}


class Refused(Invalid):
    """This endpoint doesn't support this."""

    code = "unsupported"


class Loose(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", protected_namespaces=())


class ImageUrl(Loose):
    url: str


class ContentPart(Loose):
    type: str
    text: str = ""
    image_url: ImageUrl | None = None

    def jpeg(self) -> bytes:
        """Return the image, made small enough for models; raise Refused or AttachmentRefused."""
        url = self.image_url.url if self.image_url else ""
        if (form := IMAGE.match(url)) is None:
            raise Refused("Send images as data URLs with base64: addresses are not opened.")
        try:
            return as_jpeg(a2b_base64(url[form.end() :], strict_mode=True), "image_url")
        except ValueError:
            raise Refused("An image_url is not valid base64.") from None


class FunctionCall(Loose):
    name: str
    arguments: str = "{}"


class CompletionToolCall(Loose):
    id: str
    function: FunctionCall


class CompletionMessage(Loose):
    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str | list[ContentPart] | None = None
    tool_calls: list[CompletionToolCall] | None = None
    tool_call_id: str | None = None

    @property
    def text(self) -> str:
        """The text; raise Refused for audio and files, and for images of others than the user."""
        if self.content is None or isinstance(self.content, str):
            return self.content or ""
        allowed = ("text", "image_url") if self.role == "user" else ("text",)
        if other := next((part.type for part in self.content if part.type not in allowed), None):
            raise Refused(f"Content of type {other} is not supported in messages of {self.role}.")
        return "".join(part.text for part in self.content)

    @property
    def images(self) -> list[ContentPart]:
        """The images, which are not decoded yet."""
        parts = self.content if isinstance(self.content, list) else []
        return [part for part in parts if part.type == "image_url"]


class FunctionTool(Loose):
    type: Literal["function"]
    function: Tool


class ToolReference(Loose):
    name: str


class ChosenTool(Loose):
    type: Literal["function"]
    function: ToolReference


class JsonSchemaFormat(Loose):
    schema_: JsonObject = Field(alias="schema")


class ResponseFormat(Loose):
    type: Literal["text", "json_schema", "json_object"]
    json_schema: JsonSchemaFormat | None = None

    @model_validator(mode="after")
    def _has_its_schema(self) -> Self:
        if self.type == "json_schema" and self.json_schema is None:
            raise ValueError("`json_schema` is missing.")
        return self


class StreamOptions(Loose):
    include_usage: bool = False


class ChatCompletion(Loose):
    """What OpenAI's SDKs send to `chat/completions`; fields without a meaning here are ignored."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "model": "fake:echo",
                "messages": [{"role": "user", "content": "Where is my parcel?"}],
            }
        }
    )

    model: str = Field(min_length=1, max_length=300)
    messages: list[CompletionMessage] = Field(max_length=2000)
    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    max_completion_tokens: Annotated[int, Field(ge=1)] | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    reasoning_effort: str | None = None
    seed: int | None = None
    stop: str | list[str] | None = None
    n: Annotated[int, Field(ge=1)] | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    tools: list[FunctionTool] | None = None
    tool_choice: Literal["auto", "none", "required"] | ChosenTool | None = None
    parallel_tool_calls: bool | None = None
    response_format: ResponseFormat | None = None
    user: str | None = Field(default=None, max_length=128)
    metadata: JsonObject | None = None
    variables: JsonObject = Field(default_factory=dict)
    cache: bool = False
    cost_limit_usd: CostLimit | None = None
    modalities: list[str] | None = None
    functions: Any = None
    function_call: Any = None
    logprobs: Any = None
    logit_bias: Any = None
    audio: Any = None
    web_search_options: Any = None

    def call(self) -> PromptExecution:
        """Return the call to make, with its images decoded; raise Invalid."""
        # First: it limits the images, which are decoded below
        self._check()
        metadata = {**(self.metadata or {}), **({"user": self.user} if self.user else {})}
        try:
            return PromptExecution.model_validate(
                {
                    **self._target(),
                    "parameters": self._parameters(),
                    "tools": () if self.tool_choice == "none" else self._tools(),
                    "tool_choice": self._tool_choice(),
                    # OpenAI's default is true
                    "parallel_tool_calls": self.parallel_tool_calls is not False,
                    "response_schema": self._schema(),
                    "metadata": metadata or None,
                    "cache": self.cache,
                    "cost_limit_usd": self.cost_limit_usd,
                }
            )
        except ValidationError as error:
            raise invalid(error) from None

    def _check(self) -> None:
        if self.n not in (None, 1):
            raise Refused("Only one choice is returned: leave out `n`.")
        for name in UNSUPPORTED:
            if getattr(self, name):
                raise Refused(f"`{name}` is not supported: leave it out.")
        if set(self.modalities or ()) - {"text"}:
            raise Refused("Answers are texts: leave out `modalities`.")
        if sum(len(message.images) for message in self.messages) > MAX_IMAGES:
            raise Refused(f"A request has at most {MAX_IMAGES} images.")

    def _tool_choice(self) -> str | None:
        if isinstance(self.tool_choice, ChosenTool):
            return self.tool_choice.function.name
        return ANY_TOOL if self.tool_choice == "required" else None

    def _target(self) -> dict[str, Any]:
        """Return the model or prompt, and the messages; leading system messages become one text."""
        messages = [_message(message) for message in self.messages]
        if self.model.startswith(PROMPT):  # which has a system prompt of its own
            name = self.model.removeprefix(PROMPT)
            return {"template_id": name, "variables": self.variables, "messages": messages}
        first = [*takewhile(lambda message: message.role is MessageRole.SYSTEM, messages)]
        system, others = "\n\n".join(it.content for it in first), messages[len(first) :]
        if not others or others[-1].role not in (MessageRole.USER, MessageRole.TOOL):
            raise Refused("End `messages` with at least one message of the user or of a tool.")
        return {"model_id": self.model, "system_prompt": system or None, "messages": others}

    def _parameters(self) -> Parameters:
        names = ("temperature", "top_p", "frequency_penalty", "presence_penalty", "seed")
        stop = (self.stop,) if isinstance(self.stop, str) else self.stop
        return Parameters.model_validate(
            {name: getattr(self, name) for name in names}
            | {
                # OpenAI's older name, which many programs still send
                "max_tokens": self.max_completion_tokens or self.max_tokens,
                "stop_sequences": tuple(stop) if stop else None,
                "reasoning_effort": self.reasoning_effort,
            }
        )

    def _tools(self) -> tuple[Tool, ...]:
        return tuple(tool.function for tool in self.tools or ())

    def _schema(self) -> JsonObject | None:
        wanted = self.response_format
        if wanted and wanted.type == "json_object":
            return ANY_OBJECT
        return wanted.json_schema.schema_ if wanted and wanted.json_schema else None


def _message(message: CompletionMessage) -> ChatMessage:
    if message.images:
        jpegs = tuple(part.jpeg() for part in message.images)
        return IllustratedMessage(role=MessageRole.USER, content=message.text, jpegs=jpegs)
    role = MessageRole.SYSTEM if message.role == "developer" else MessageRole(message.role)
    calls = tuple(
        MessageToolCall(id=call.id, name=call.function.name, arguments=call.function.arguments)
        for call in message.tool_calls or ()
    )
    return ChatMessage(
        role=role, content=message.text, tool_calls=calls, tool_call_id=message.tool_call_id
    )


def read(body: bytes) -> ChatCompletion:
    """Return the body of a request; raise Invalid."""
    try:
        return ChatCompletion.model_validate_json(body)
    except ValidationError as error:
        raise invalid(error) from None


def invalid(error: ValidationError) -> Invalid:
    """Return the first field that is wrong, and why."""
    first = error.errors(include_url=False)[0]
    field = ".".join(OPENAI_NAMES.get(str(part), str(part)) for part in first["loc"])
    message = message_of(first)
    return Invalid(
        f"{field}: {message}" if field else message, errors=[{"field": field, "message": message}]
    )
