"""The API reference is complete, its scripts are self-hosted, and it needs sign-in."""

import re
from typing import Any

import msgspec
import pytest

from api.routes.ingest.rows import KINDS
from tests.api.conftest import Client
from tests.api.routes import ANY_ID, Described, described, description, taking_bodies
from tests.factories.identity import person


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema that stands behind a reference."""
    if "$ref" not in schema:
        return schema
    found: dict[str, Any] = description()["components"]["schemas"][
        schema["$ref"].rpartition("/")[2]
    ]
    return found


def test_every_body_has_an_example() -> None:
    for route in taking_bodies():
        content = body_of(route)["content"]
        schema = resolved(content.get("application/json", next(iter(content.values())))["schema"])
        assert "example" in schema or "examples" in schema, route


def body_of(route: Described) -> dict[str, Any]:
    for path, item in description()["paths"].items():
        found = item.get(route.method.lower(), {})
        if "requestBody" in found and re.sub(r"{[^}]*}", ANY_ID, path) == route.path:
            body: dict[str, Any] = found["requestBody"]
            return body
    raise AssertionError(route)


def test_every_route_says_what_it_is_for() -> None:
    unsaid = [
        path
        for path, item in description()["paths"].items()
        for route in item.values()
        if not route.get("description")
    ]
    assert unsaid == []


def test_the_description_names_every_route_once() -> None:
    assert len({str(route) for route in described()}) == len(described())


def operations() -> list[tuple[str, dict[str, Any]]]:
    """Return the operations below /api/v1, which answer problems."""
    return [
        (path, operation)
        for path, item in description()["paths"].items()
        for operation in item.values()
        if "servers" not in operation
    ]


def test_every_operation_documents_the_problems_that_any_can_answer() -> None:
    assert [
        path
        for path, operation in operations()
        if not {"401", "429", "503"} <= operation["responses"].keys()
    ] == []


def test_every_answer_with_a_body_has_a_media_type() -> None:
    assert [
        path
        for path, operation in operations()
        for status, answer in operation["responses"].items()
        if status[0] == "2" and status != "204" and not answer.get("content")
    ] == []


def test_every_list_that_is_also_a_csv_file_is_documented_as_one() -> None:
    lists = [
        operation["responses"]["200"]["content"]
        for _, operation in operations()
        for parameter in operation.get("parameters", ())
        if parameter["name"] == "format" and "csv" in parameter["schema"].get("enum", ())
    ]
    assert len(lists) > 20
    assert [content for content in lists if "text/csv" not in content] == []


def test_an_operation_on_one_resource_documents_that_it_may_be_missing() -> None:
    assert [
        path
        for path, operation in operations()
        if "{" in path and "404" not in operation["responses"]
    ] == []


def test_every_problem_is_documented_as_problem_json() -> None:
    for path, operation in operations():
        for status in (code for code in operation["responses"] if code >= "400"):
            reference = operation["responses"][status]["$ref"]
            assert list(
                description()["components"]["responses"][reference.rpartition("/")[2]]["content"]
            ) == ["application/problem+json"], path


def test_sign_in_and_signed_callbacks_are_the_only_operations_without_a_credential() -> None:
    assert {"bearer", "session"} == description()["components"]["securitySchemes"].keys()
    assert [path for path, operation in operations() if operation.get("security") == []] == [
        "/admin/auth/login",
        "/callback/ai",
    ]


@pytest.mark.parametrize("path", ["/docs", "/redoc"])
def test_the_page_loads_nothing_from_elsewhere(client: Client, path: str) -> None:
    page = client(person()).get(path).text
    assert "http://" not in page
    assert "https://" not in page


@pytest.mark.parametrize(
    "path",
    [
        "/docs",
        "/redoc",
        "/openapi.json",
        "/docs/static/redoc.standalone.js",
        "/docs/static/swagger-ui-bundle.js",
        "/docs/static/swagger-ui.css",
    ],
)
def test_it_is_there_for_who_is_signed_in_and_for_nobody_else(client: Client, path: str) -> None:
    assert client(person()).get(path).status_code == 200
    assert client().get(path).status_code == 401


@pytest.mark.parametrize(
    "route",
    [it for it in taking_bodies() if it.path not in ("/admin/auth/login", "/imports")],
    ids=str,
)
def test_every_example_is_one_that_fits(client: Client, route: Described) -> None:
    """It may be refused for what it names, never for its form."""
    schema = resolved(body_of(route)["content"]["application/json"]["schema"])
    answer = client(person()).request(route.method, route.path, json=schema["example"])
    assert answer.status_code != 422


def test_no_schema_name_contains_a_module_path() -> None:
    assert [name for name in description()["components"]["schemas"] if "__" in name] == []


@pytest.mark.parametrize("kind", KINDS)
def test_the_body_of_an_ingest_route_has_each_field_of_a_row(kind: str) -> None:
    # Rows are decoded without pydantic, so that the reference knew none of their fields
    body = description()["paths"][f"/ingest/{kind}"]["post"]["requestBody"]
    one, many = body["content"]["application/json"]["schema"]["anyOf"]
    assert many["properties"]["items"]["items"] == one
    row, fields = resolved(one), msgspec.structs.fields(KINDS[kind].row)
    assert sorted(row["properties"]) == sorted(field.encode_name for field in fields)
    assert set(row["required"]) == {field.encode_name for field in fields if field.required}


@pytest.mark.parametrize("kind", KINDS)
def test_rows_may_have_fields_of_their_own(kind: str) -> None:
    sent = description()["paths"][f"/ingest/{kind}"]["post"]["requestBody"]["content"]
    row = resolved(sent["application/json"]["schema"]["anyOf"][0])
    assert row["additionalProperties"] is True


def test_lists_are_named_for_what_they_hold() -> None:
    schemas = description()["components"]["schemas"]
    assert schemas["UserSummaryPage"]["title"] == "UserSummaryPage"
    assert schemas["UserSummaryPage"]["required"] == ["items", "total_count", "limit", "offset"]
    assert [
        name
        for name, schema in schemas.items()
        if not f"{name}{schema.get('title', name)}".isalnum()
    ] == []


def test_the_description_says_under_which_address_its_paths_are(client: Client) -> None:
    described = client(person()).get("/openapi.json").json()
    assert described["servers"] == [{"url": "/api/v1"}]
