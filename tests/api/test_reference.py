"""The live reference: the description is whole, its scripts come from here, and nobody reads it before signing in."""

import re
from typing import Any

import pytest

from tests.api.conftest import Client
from tests.api.routes import ANY_ID, Described, described, description, taking_bodies
from tests.factories.identity import person


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema that stands behind a reference."""
    if "$ref" not in schema:
        return schema
    found: dict[str, Any] = description()["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return found


@pytest.mark.parametrize("route", taking_bodies(), ids=str)
def test_every_body_has_an_example(route: Described) -> None:
    content = body_of(route)["content"]
    schema = resolved(content.get("application/json", next(iter(content.values())))["schema"])
    assert "example" in schema or "examples" in schema


def body_of(route: Described) -> dict[str, Any]:
    for path, item in description()["paths"].items():
        found = item.get(route.method.lower(), {})
        if "requestBody" in found and re.sub(r"{[^}]*}", ANY_ID, path) == route.path:
            body: dict[str, Any] = found["requestBody"]
            return body
    raise AssertionError(route)


def test_every_route_says_what_it_is_for() -> None:
    unsaid = [path for path, item in description()["paths"].items() for route in item.values() if not route.get("description")]
    assert unsaid == []


def test_the_description_names_every_route_once() -> None:
    assert len({str(route) for route in described()}) == len(described())


def test_the_page_loads_nothing_from_elsewhere(client: Client) -> None:
    page = client(person()).get("/docs").text
    assert "http://" not in page
    assert "https://" not in page


@pytest.mark.parametrize("path", ["/docs", "/openapi.json", "/docs/static/swagger-ui-bundle.js", "/docs/static/swagger-ui.css"])
def test_it_is_there_for_who_is_signed_in_and_for_nobody_else(client: Client, path: str) -> None:
    assert client(person()).get(path).status_code == 200
    assert client().get(path).status_code == 401


@pytest.mark.parametrize("route", [it for it in taking_bodies() if it.path not in ("/admin/auth/login", "/imports")], ids=str)
def test_every_example_is_one_that_fits(client: Client, route: Described) -> None:
    """It may be refused for what it names, never for its form."""
    schema = resolved(body_of(route)["content"]["application/json"]["schema"])
    answer = client(person()).request(route.method, route.path, json=schema["example"])
    assert answer.status_code != 422
