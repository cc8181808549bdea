"""OTLP, OpenAI's protocol and the probes in the OpenAPI description: outside of /api/v1, with
bodies and errors of their own.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from api.routes.ingest.otlp_errors import PATH as OTLP
from api.routes.ingest.otlp_errors import Encoding
from api.routes.openai.bodies import ChatCompletion

Fields = dict[str, Any]
REFERENCE = "#/components/schemas/{model}"
JSON, TEXT = "application/json", "text/plain"
ROOT = [{"url": "/"}]
KEY: list[Fields] = [{"bearer": []}]
PUBLIC = list[Fields]()
INTEGER, STRING = {"type": "integer"}, {"type": "string"}


def _object(required: Sequence[str], /, **properties: Fields) -> Fields:
    return {"type": "object", "required": list(required), "properties": properties}


def _named(name: str) -> Fields:
    return {"$ref": REFERENCE.format(model=name)}


def _list_of(items: Fields) -> Fields:
    return {"type": "array", "items": items}


NULL_OR_STRING = {"type": ["string", "null"]}
CHOICE = _object(
    ("index", "message", "finish_reason"),
    index=INTEGER,
    message=_object(
        ("role", "content"),
        role=STRING,
        content=NULL_OR_STRING,
        tool_calls=_list_of({"type": "object"}),
    ),
    finish_reason={"enum": ["stop", "length", "tool_calls", "content_filter"]},
)
TOKENS = ("prompt_tokens", "completion_tokens", "total_tokens")
SCHEMAS: dict[str, Fields] = {
    "OtlpExport": _object(("resourceSpans",), resourceSpans=_list_of({"type": "object"}))
    | {
        "description": "An ExportTraceServiceRequest (opentelemetry-proto); IDs are hexadecimal.",
        "example": {
            "resourceSpans": [
                {
                    "resource": {
                        "attributes": [
                            {"key": "service.name", "value": {"stringValue": "checkout"}}
                        ]
                    },
                    "scopeSpans": [
                        {
                            "spans": [
                                {
                                    "traceId": "5b8efff798038103d269b633813fc60c",
                                    "spanId": "eee19b7ec3c1b174",
                                    "name": "chat small",
                                    "startTimeUnixNano": "1795600000000000000",
                                    "endTimeUnixNano": "1795600001250000000",
                                    "attributes": [
                                        {
                                            "key": "gen_ai.operation.name",
                                            "value": {"stringValue": "chat"},
                                        },
                                        {
                                            "key": "gen_ai.request.model",
                                            "value": {"stringValue": "small"},
                                        },
                                    ],
                                }
                            ]
                        }
                    ],
                }
            ]
        },
    },
    "OtlpResponse": _object(
        (),
        partialSuccess=_object(
            ("rejectedSpans", "errorMessage"), rejectedSpans=STRING, errorMessage=STRING
        ),
    ),
    "OtlpError": _object(("code", "message"), code=INTEGER, message=STRING)
    | {"description": "A google.rpc.Status."},
    "ChatCompletionResponse": _object(
        ("id", "object", "created", "model", "choices", "usage"),
        id=STRING,
        object={"const": "chat.completion"},
        created=INTEGER,
        model=STRING,
        choices=_list_of(CHOICE),
        usage=_object(TOKENS, **dict.fromkeys(TOKENS, INTEGER)),
    ),
    "CallableModel": _object(
        ("id", "object", "created", "owned_by"),
        id=STRING,
        object={"const": "model"},
        created=INTEGER,
        owned_by=STRING,
    ),
    "CallableModels": _object(
        ("object", "data"), object={"const": "list"}, data=_list_of(_named("CallableModel"))
    ),
    "OpenAiError": _object(
        ("error",),
        error=_object(
            ("message", "type", "param", "code"),
            message=STRING,
            type=STRING,
            param=NULL_OR_STRING,
            code=STRING,
        ),
    ),
}
OTLP_FAILURES = (400, 401, 403, 413, 415, 429, 503)
OPENAI_FAILURES = (400, 401, 403, 404, 409, 413, 429, 502, 503)


def add_to(document: Fields, texts: Mapping[int, str]) -> None:
    """Add the operations to a description, in place; `texts` say what each failing status means."""
    body = ChatCompletion.model_json_schema(ref_template=REFERENCE)
    document["components"]["schemas"] |= {**body.pop("$defs"), "ChatCompletion": body, **SCHEMAS}
    document["paths"] |= {
        OTLP: {"post": _traces(texts)},
        "/openai/v1/chat/completions": {"post": _completions(texts)},
        "/openai/v1/models": {"get": _models(texts)},
        "/openai/v1/models/{model}": {"get": _model(texts)},
        "/health": {"get": _health()},
        "/healthz": {"get": _probe("Whether the process responds.", "alive")},
        "/readyz": {"get": _probe("Whether startup is complete.", "ready", "not ready")},
    }


def _operation(tag: str, summary: str, text: str, security: list[Fields], /, **more: Any) -> Fields:  # noqa: ANN401  OpenAPI's own fields
    return {
        "tags": [tag],
        "summary": summary,
        "description": text,
        "servers": ROOT,
        "security": security,
        **more,
    }


def _answer(text: str, content: Mapping[str, Fields]) -> Fields:
    return {
        "description": text,
        "content": {kind: {"schema": schema} for kind, schema in content.items()},
    }


def _failures(statuses: Sequence[int], texts: Mapping[int, str], content: Fields) -> Fields:
    return {str(status): _answer(texts[status], content) for status in statuses}


def _body(content: Mapping[str, Fields]) -> Fields:
    return {
        "required": True,
        "content": {kind: {"schema": schema} for kind, schema in content.items()},
    }


def _traces(texts: Mapping[int, str]) -> Fields:
    binary = {"type": "string", "format": "binary"}
    error = {JSON: _named("OtlpError"), Encoding.PROTOBUF.value: binary}
    responses = {
        "200": _answer(
            "The AI requests of the spans are committed; rejected spans are counted.",
            {JSON: _named("OtlpResponse"), Encoding.PROTOBUF.value: binary},
        )
    }
    text = "Store the AI requests of OpenTelemetry spans; needs a key with the scope ingest."
    return _operation(
        "Data in: OpenTelemetry",
        "Send spans",
        text,
        KEY,
        requestBody=_body({JSON: _named("OtlpExport"), Encoding.PROTOBUF.value: binary}),
        responses=responses | _failures(OTLP_FAILURES, texts, error),
    )


def _completions(texts: Mapping[int, str]) -> Fields:
    answers = {JSON: _named("ChatCompletionResponse"), "text/event-stream": STRING}
    text = "Call a model, or a prompt as `prompt:name@label`; needs a key with the scope execute."
    return _operation(
        "OpenAI's protocol",
        "Create a chat completion",
        text,
        KEY,
        requestBody=_body({JSON: _named("ChatCompletion")}),
        responses={"200": _answer("The answer; with `stream`, its chunks as events.", answers)}
        | _failures(OPENAI_FAILURES, texts, {JSON: _named("OpenAiError")}),
    )


def _models(texts: Mapping[int, str]) -> Fields:
    return _operation(
        "OpenAI's protocol",
        "List models",
        "List the models that can be called.",
        KEY,
        responses={"200": _answer("The models.", {JSON: _named("CallableModels")})}
        | _failures((401, 403, 429, 503), texts, {JSON: _named("OpenAiError")}),
    )


def _model(texts: Mapping[int, str]) -> Fields:
    text = "Return a model that can be called, by its ID, such as `fake:echo`."
    return _operation(
        "OpenAI's protocol",
        "Retrieve a model",
        text,
        KEY,
        parameters=[{"name": "model", "in": "path", "required": True, "schema": STRING}],
        responses={"200": _answer("The model.", {JSON: _named("CallableModel")})}
        | _failures((401, 403, 404, 429, 503), texts, {JSON: _named("OpenAiError")}),
    )


def _health() -> Fields:
    text = "Return the state of each part, without details and without a credential."
    state = {JSON: _named("HealthAnswer")}
    responses = {"200": _answer("All parts work.", state), "503": _answer("One does not.", state)}
    return _operation("Health", "Read the health", text, PUBLIC, responses=responses)


def _probe(text: str, *answers: str) -> Fields:
    statuses = zip(("200", "503"), answers, strict=False)
    return _operation(
        "Health",
        text.removesuffix("."),
        text,
        PUBLIC,
        responses={status: _answer(answer, {TEXT: STRING}) for status, answer in statuses},
    )
