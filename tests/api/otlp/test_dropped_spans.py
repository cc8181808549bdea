"""Dropped spans: each response has their number, and the system's figures have them by day
and app.
"""

from collections.abc import Iterator

import httpx2
import pytest

from core.ai_metrics.jobs import give_up_late
from core.identity.schemas import Role
from core.platform import clock
from tests.api.conftest import Client, caller
from tests.factories.identity import person
from tests.factories.keys import api_key, bearing
from tests.factories.spans import RESOURCE, as_json, packed, span

PATH = "/otlp/v1/traces"
PROTOBUF, JSON = {"Content-Type": "application/x-protobuf"}, {"Content-Type": "application/json"}
WEB, TOOL = {"http.request.method": "GET"}, {"gen_ai.operation.name": "execute_tool"}


@pytest.fixture
def sender(address: str, client: Client) -> Iterator[httpx2.Client]:
    with caller(address, bearing(api_key(environment="staging"))) as program:
        yield program


def figures(client: Client, **window: int) -> dict[str, object]:
    found: dict[str, object] = (
        client(person(Role.ADMIN)).get("/admin/system/spans", params=window).json()
    )
    return found


def headers_of(answer: httpx2.Response) -> tuple[str, str]:
    assert answer.status_code == 200
    return answer.headers["attune-dropped-spans"], answer.headers["attune-waiting-spans"]


def test_the_answer_says_how_many_in_either_encoding(sender: httpx2.Client) -> None:
    sent = (span(), span(WEB), span(WEB), span(TOOL, parent="ab" * 8))
    for body, headers in ((packed(*sent), PROTOBUF), (as_json(*sent), JSON)):
        answer = sender.post(PATH, content=body, headers=headers)
        assert headers_of(answer) == ("2", "1")
        assert answer.content in (b"", b"{}")
    assert headers_of(sender.post(PATH, content=packed(span()), headers=PROTOBUF)) == ("0", "0")


def test_they_are_counted_by_day_environment_and_app(sender: httpx2.Client, client: Client) -> None:
    sender.post(PATH, content=packed(span(), span(WEB), span(WEB)), headers=PROTOBUF)
    sender.post(PATH, content=packed(span(WEB), resource={}), headers=PROTOBUF)
    sender.post(
        PATH, content=packed(span(TOOL, parent="ab" * 8), resource=RESOURCE), headers=PROTOBUF
    )
    today = clock.now().date().isoformat()
    shop = {"day": today, "environment": "production", "app": "shop", "dropped": 2}
    unnamed = {"day": today, "environment": "staging", "app": "", "dropped": 1}
    whole = {"items": [shop, unnamed], "total_count": 2, "limit": 50, "offset": 0, "waiting": 1}
    assert figures(client) == whole
    give_up_late(0)
    assert figures(client) == whole
    assert figures(client, limit=1, offset=1)["items"] == [unnamed]


def test_an_export_without_any_request_counts_too(sender: httpx2.Client, client: Client) -> None:
    for _ in range(3):
        sender.post(PATH, content=packed(span(WEB)), headers=PROTOBUF)
    items = figures(client)["items"]
    assert isinstance(items, list)
    assert [row["dropped"] for row in items] == [3]
