"""Whatever a body contains, the response is fast, no 500, and has no traceback."""

import json
from typing import Any

import httpx2
import pytest

from core.identity.schemas import Role
from tests.api.conftest import Client
from tests.api.routes import Described, taking_bodies
from tests.factories.identity import person

EXECUTE = "/prompts/execute"
JSON = {"Content-Type": "application/json"}
# What stands in for every field of every body.
VALUES = {
    "NUL": "a\0b@example.com",
    "nothing but NUL": "\0",
    "half of a pair": "\ud800",
    "a pair the wrong way round": "\udc00\ud800",
    "beyond the plane": "\U0010ffff\ufffe",
    "a long text": "x" * 100_000,
    "a huge number": 10**400,
    "a negative number": -(2**63) - 1,
    "no number": float("nan"),
    "infinity": float("inf"),
    "null": None,
    "a list": [[]],
    "an object": {"\ud800": {"\0": 1}},
    "true": True,
}
BROKEN = {
    "nothing": b"",
    "half of it": b'{"email": "a@',
    "not JSON": b"hello",
    "a bare word": b"nan",
    "only a bracket": b"{",
    "a comma too much": b'{"a": 1,}',
    "no UTF-8": b'{"prompt": "\xff\xfe"}',
    "an overlong form": b'{"prompt": "\xc0\x80"}',
    "a surrogate in UTF-8": b'{"prompt": "\xed\xa0\x80"}',
    "UTF-16": '{"prompt": "x"}'.encode("utf-16"),
    "UTF-32": '{"prompt": "x"}'.encode("utf-32"),
    "a mark before it": b"\xef\xbb\xbf{}",
    "NUL in it": b'{"prompt": "\0"}',
    "a number of ten thousand digits": b'{"limit": ' + b"9" * 10_000 + b"}",
    "a deep list": b"[" * 100_000 + b"]" * 100_000,
    "a deep object": b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    "a list": b"[]",
    "a text": b'"x"',
    "null": b"null",
    "a key twice": b'{"email": 1, "email": 2}',
}


ROUTES = taking_bodies()
# Each field and each route is given every sixth of them, another sixth than the one before; the
# long form gives them all
EVERY = [6, pytest.param(1, marks=pytest.mark.prove)]


def fine(route: Described) -> dict[str, Any]:
    """Return a body that would do."""
    given: dict[str, Any] = {
        "email": "a@example.com",
        "password": "x",
        "full_name": "A",
        "role": "analyst",
    }
    given |= {
        "scopes": ["ingest"],
        "name": "a",
        "kind": "openai",
        "default_prompt": "x",
        "steps": [{"event_types": ["a"]}, {"event_types": ["b"]}],
        "message": "x",
        "model_id": "fake:echo",
        "prompt": "x",
    }
    return {name: value for name, value in given.items() if name in route.fields}


def is_harmless(answer: httpx2.Response) -> bool:
    assert "Traceback" not in answer.text
    assert answer.status_code < 500, answer.text
    return answer.status_code < 300 or answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("every", EVERY)
@pytest.mark.parametrize("route", ROUTES, ids=str)
def test_no_value_in_any_field_breaks_a_route(client: Client, route: Described, every: int) -> None:
    boss = client(person(Role.SUPER_ADMIN))
    for number, field in enumerate(route.fields, ROUTES.index(route)):
        for value in list(VALUES.values())[number % every :: every]:
            body = json.dumps(fine(route) | {field: value}).encode()
            assert is_harmless(
                boss.request(route.method, route.path, content=body, headers=JSON)
            ), (field, value)


@pytest.mark.parametrize("every", EVERY)
def test_no_broken_body_breaks_a_route(client: Client, every: int) -> None:
    boss = client(person(Role.SUPER_ADMIN))
    for number, route in enumerate(ROUTES):
        for name in list(BROKEN)[number % every :: every]:
            answer = boss.request(route.method, route.path, content=BROKEN[name], headers=JSON)
            assert is_harmless(answer), (route, name)
    assert boss.get("/admin/auth/me").status_code == 200  # all of them met the route itself


@pytest.mark.parametrize(
    "path", ["/admin/audit?action=", "/admin/audit?account=", "/models/", "/admin/audit?cursor="]
)
def test_no_value_in_an_address_breaks_a_route(client: Client, path: str) -> None:
    mine = client(person())
    for value in (
        "%00",
        "%ff",
        "%ed%a0%80",
        "%25",
        "_%5c",
        "'",
        "9" * 5000,
        "x" * 3000,
        "%f0%9f%99%82",
    ):
        assert is_harmless(mine.get(path + value)), value


@pytest.mark.parametrize("field", ["context", "tools"])
def test_an_object_that_is_kept_may_be_nested_so_deep_and_no_deeper(
    client: Client, field: str
) -> None:
    mine = client(person())
    for depth in (10, 60, 70, 200, 300, 500, 900, 990, 1000, 5000):
        deep = '{"a":' * depth + "1" + "}" * depth
        kept = deep if field == "context" else f'[{{"name": "t", "parameters": {deep}}}]'
        body = f'{{"model_id": "fake:echo", "prompt": "x", "{field}": {kept}}}'
        answer = mine.post(EXECUTE, content=body.encode(), headers=JSON)
        assert is_harmless(answer), depth
        assert (answer.status_code == 200) is (depth < 64), depth


@pytest.mark.parametrize(
    "context", [{"a": "\ud800"}, {"\ud800": 1}, {"a": [float("nan")]}, {"a": {"b": float("inf")}}]
)
def test_what_json_cannot_hold_is_not_kept(client: Client, context: dict[str, Any]) -> None:
    body = json.dumps({"model_id": "fake:echo", "prompt": "x", "context": context})
    answer = client(person()).post(EXECUTE, content=body.encode(), headers=JSON)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"].startswith("context")


def test_tools_with_what_postgres_cannot_hold_are_refused_before_the_model_is_asked(
    client: Client,
) -> None:
    """Only a model that takes tools gets as far as storing them."""
    boss = client(person(Role.SUPER_ADMIN))
    boss.post(
        "/admin/providers",
        json={"name": "near", "kind": "openai", "base_url": "http://127.0.0.1:9/v1"},
    )
    tool = {"name": "t", "parameters": {"type": "object", "description": "a\0b"}}
    answer = boss.post(EXECUTE, json={"model_id": "near:any", "prompt": "x", "tools": [tool]})
    assert answer.status_code == 422
