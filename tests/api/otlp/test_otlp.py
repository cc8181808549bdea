"""POST /otlp/v1/traces: both encodings, responses that exporters understand, and rejections."""

import gzip
import json
from collections.abc import Callable, Iterator

import httpx2
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from sqlalchemy import select

from api.routes.ingest import traces
from core.ai_metrics.models import AiRequest
from core.database.db import transaction
from core.errors import Unavailable
from core.identity.schemas import Role, Scope
from core.platform.config import config
from tests.api.conftest import Client, caller
from tests.factories.identity import person
from tests.factories.keys import api_key, bearing
from tests.factories.spans import CHAT, as_json, export, packed, span

PROTOBUF = {"Content-Type": "application/x-protobuf"}
JSON = {"Content-Type": "application/json"}
PATH = "/otlp/v1/traces"
GZIP = {"Content-Encoding": "gzip"}
MIB = 2**20
Pack = Callable[..., bytes]


@pytest.fixture
def sender(address: str, client: Client) -> Iterator[httpx2.Client]:
    with caller(address, bearing(api_key())) as program:
        yield program


def stored() -> list[AiRequest]:
    with transaction() as session:
        return list(session.scalars(select(AiRequest).order_by(AiRequest.created_at)))


def status_of(answer: httpx2.Response) -> tuple[int, str]:
    """Read a google.rpc.Status in either encoding."""
    if answer.headers["content-type"] == "application/json":
        told = answer.json()
        return told["code"], told["message"]
    assert answer.headers["content-type"] == "application/x-protobuf"
    body = answer.content
    assert (body[0], body[2]) == (0x08, 0x12)
    return body[1], body[4 if body[3] < 128 else 5 :].decode()


def refused(answer: httpx2.Response) -> tuple[int, str]:
    assert answer.status_code == 200
    if answer.headers["content-type"] == "application/json":
        told = answer.json()["partialSuccess"]
        return int(told["rejectedSpans"]), told["errorMessage"]
    success = ExportTraceServiceResponse.FromString(answer.content).partial_success
    return success.rejected_spans, success.error_message


@pytest.mark.parametrize("packing", [{}, GZIP], ids=["plain", "gzip"])
@pytest.mark.parametrize(
    ("headers", "pack"), [(PROTOBUF, packed), (JSON, as_json)], ids=["protobuf", "json"]
)
def test_an_export_is_stored_and_answered_in_its_own_encoding(
    sender: httpx2.Client, headers: dict[str, str], pack: Pack, packing: dict[str, str]
) -> None:
    sent = span(CHAT | {"gen_ai.usage.input_tokens": 12, "gen_ai.usage.output_tokens": 3})
    body = pack(sent)
    answer = sender.post(
        PATH, content=gzip.compress(body, mtime=0) if packing else body, headers=headers | packing
    )
    assert (answer.status_code, answer.headers["content-type"]) == (200, headers["Content-Type"])
    assert answer.content == (b"{}" if headers is JSON else b"")
    row = stored()[0]
    assert row.external_id == sent["traceId"] + sent["spanId"]
    assert (row.provider, row.model, row.input_tokens, row.output_tokens, row.total_tokens) == (
        "openai",
        "gpt-4o",
        12,
        3,
        15,
    )
    assert (row.app, row.release, row.environment, row.total_latency_ms) == (
        "shop",
        "1.4",
        "production",
        800,
    )
    assert (row.status, row.cost_source, row.operation) == ("ok", "price_table", "chat")


def test_an_export_that_is_sent_again_counts_once(sender: httpx2.Client) -> None:
    body = packed(span(), span())
    for _ in range(3):
        assert sender.post(PATH, content=body, headers=PROTOBUF).content == b""
    assert len(stored()) == 2


def test_an_empty_export_is_fine(sender: httpx2.Client) -> None:
    assert sender.post(PATH, content=b"", headers=PROTOBUF).status_code == 200
    assert sender.post(PATH, content=b"{}", headers=JSON).json() == {}


def test_the_environment_is_the_keys_when_the_sender_names_none(
    address: str, client: Client
) -> None:
    with caller(address, bearing(api_key(environment="staging"))) as program:
        program.post(PATH, content=packed(span(), resource={}), headers=PROTOBUF)
    assert (stored()[0].environment, stored()[0].app) == ("staging", "")


@pytest.mark.parametrize(
    ("headers", "pack"), [(PROTOBUF, packed), (JSON, as_json)], ids=["protobuf", "json"]
)
def test_spans_with_ids_of_a_wrong_length_are_refused_one_by_one(
    sender: httpx2.Client, headers: dict[str, str], pack: Pack
) -> None:
    bad = [span(trace="ab" * 15), span(id_="ab" * 9), span(trace="00" * 16), span(id_="00" * 8)]
    times, words = refused(sender.post(PATH, content=pack(span(), *bad), headers=headers))
    assert (times, len(stored())) == (4, 1)
    assert "16 bytes" in words


def test_a_span_of_another_time_is_refused(sender: httpx2.Client) -> None:
    ahead, unset = span(ago_s=-90_000), span(startTimeUnixNano="0")
    times, words = refused(sender.post(PATH, content=as_json(span(), ahead, unset), headers=JSON))
    assert (times, len(stored())) == (2, 1)
    assert "24 hours" in words


def test_a_failed_span_with_too_long_names_is_refused_alone(sender: httpx2.Client) -> None:
    # The index failed its whole batch, each time it was sent again
    names = {
        **{f"gen_ai.{each}": "模" * 200 for each in ("response.model", "provider.name")},
        **{f"gen_ai.prompt.{each}": "名" * 128 for each in ("name", "version")},
        "error.type": "型" * 200,
    }
    spans = as_json(span(), span(CHAT | names))
    times, words = refused(sender.post(PATH, content=spans, headers=JSON))
    assert (times, len(stored())) == (1, 1)
    assert "1,750 bytes" in words


def test_spans_of_other_work_are_taken_and_dropped(sender: httpx2.Client) -> None:
    assert (
        sender.post(
            PATH, content=packed(span({"http.request.method": "GET"})), headers=PROTOBUF
        ).content
        == b""
    )
    assert stored() == []


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (PROTOBUF, b"\xff\xff garbage"),
        (PROTOBUF, b"{}x"),
        (JSON, b"not json"),
        (JSON, b"[]"),
        (JSON, b'{"resourceSpans": 7}'),
        (
            JSON,
            b'{"resourceSpans": [{"scopeSpans": [{"spans": [{"startTimeUnixNano": "soon"}]}]}]}',
        ),
        (JSON, b'{"resourceSpans": ' + b"[" * 100_000),
        (JSON, b"\xff\xfe"),
        (PROTOBUF | GZIP, b"no gzip"),
        (JSON | GZIP, gzip.compress(b"{}", mtime=0)[:-3]),
        (JSON | {"Content-Encoding": "br"}, b"{}"),
    ],
)
def test_bad_data_is_refused_for_good(
    sender: httpx2.Client, headers: dict[str, str], body: bytes
) -> None:
    answer = sender.post(PATH, content=body, headers=headers)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == headers["Content-Type"]
    code, words = status_of(answer)
    assert (code, bool(words)) == (3, True)


@pytest.mark.parametrize("headers", [PROTOBUF, JSON])
def test_a_body_over_the_limit_is_refused_packed_or_not(
    sender: httpx2.Client, headers: dict[str, str]
) -> None:
    body = b" " * (20 * MIB + 1)
    for content, packing in ((gzip.compress(body, mtime=0), GZIP), (body, {})):
        answer = sender.post(PATH, content=content, headers=headers | packing)
        assert (answer.status_code, status_of(answer)[0]) == (413, 8)


def test_a_body_of_no_known_type_is_refused(sender: httpx2.Client) -> None:
    answer = sender.post(PATH, content=b"x", headers={"Content-Type": "text/plain"})
    assert (answer.status_code, status_of(answer)[0]) == (415, 3)


@pytest.mark.parametrize("headers", [PROTOBUF, JSON])
def test_overload_asks_to_come_again(
    sender: httpx2.Client, monkeypatch: pytest.MonkeyPatch, headers: dict[str, str]
) -> None:
    def crowded(*_given: object) -> None:
        raise Unavailable

    monkeypatch.setattr(traces, "store_mapped", crowded)
    answer = sender.post(PATH, content=b"{}" if headers is JSON else b"", headers=headers)
    assert (answer.status_code, status_of(answer)[0]) == (503, 14)
    assert int(answer.headers["retry-after"]) > 0


def test_spans_count_as_rows(sender: httpx2.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        traces, "config", lambda: config().model_copy(update={"rate_limit_ingest": 3})
    )
    assert (
        sender.post(PATH, content=packed(span(), span()), headers=PROTOBUF).headers[
            "ratelimit-remaining"
        ]
        == "1"
    )
    answer = sender.post(PATH, content=packed(span(), span()), headers=PROTOBUF)
    assert (answer.status_code, status_of(answer)[0]) == (429, 8)
    assert int(answer.headers["retry-after"]) > 0
    assert len(stored()) == 2


def test_only_a_key_that_may_send_rows_is_let_in(address: str, client: Client) -> None:
    for headers, status, code in (
        ({}, 401, 16),
        ({"Authorization": "Bearer atn_12345678_" + "x" * 43}, 401, 16),
        (bearing(api_key(Scope.READ)), 403, 7),
        (person(Role.SUPER_ADMIN).headers, 403, 7),
    ):
        with caller(address, headers) as stranger:
            answer = stranger.post(PATH, content=packed(span()), headers=PROTOBUF)
        assert (answer.status_code, status_of(answer)[0]) == (status, code)
    assert stored() == []


def test_other_addresses_and_methods_are_not_there(sender: httpx2.Client) -> None:
    assert sender.get(PATH).status_code == 404
    answer = sender.post("/otlp/v1/metrics", content=b"", headers=PROTOBUF)
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


def test_json_may_be_written_as_other_programs_write_it(sender: httpx2.Client) -> None:
    sent = span(
        events=None,
        status={"code": "STATUS_CODE_ERROR", "message": "boom"},
        traceId="AB" * 16,
        flags=257,
        droppedEventsCount=0,
    )
    sent |= {name: int(sent[name]) for name in ("startTimeUnixNano", "endTimeUnixNano")} | {
        "events": None,
        "links": [{"x": 1}],
    }
    sent["attributes"].append({"key": "gen_ai.usage.input_tokens", "value": {"intValue": 7}})
    body = export(sent) | {"unknown": {"field": []}}
    assert sender.post(PATH, content=json.dumps(body).encode(), headers=JSON).json() == {}
    row = stored()[0]
    assert row.external_id == "ab" * 16 + sent["spanId"]
    assert (row.status, row.error_type, row.error_message, row.input_tokens) == (
        "error",
        "_OTHER",
        "boom",
        7,
    )


def test_text_with_nul_characters_is_stored_without_them(sender: httpx2.Client) -> None:
    said = json.dumps([{"role": "user", "parts": [{"type": "text", "content": "a\0b"}]}])
    body = as_json(
        span(CHAT | {"gen_ai.input.messages": said, "odd\0name": "odd\0value", "user.id": "u\0"})
    )
    assert sender.post(PATH, content=body, headers=JSON).json() == {}
    assert (stored()[0].attributes or {})["oddname"] == "oddvalue"
