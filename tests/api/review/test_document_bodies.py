"""One document has 1 MiB at most on every route of the API; rows, files, folders and conversations
with models have 20, and callbacks 2.
"""

import pytest

from api.request_bodies.size_limits import LARGE
from core.services.schemas import CALLBACK_PATH
from tests.api.conftest import Client
from tests.api.raw import raw
from tests.factories.identity import person

MIB = 1024 * 1024


def routes(openapi: dict[str, dict[str, dict[str, dict[str, object]]]]) -> list[tuple[str, str]]:
    return [
        (method.upper(), path)
        for path, methods in openapi["paths"].items()
        for method, told in methods.items()
        if method in ("post", "put", "patch") and "requestBody" in told
    ]


def test_every_route_that_takes_a_document_refuses_one_that_is_larger(
    address: str, client: Client
) -> None:
    me = person()
    every = routes(client(me).get("/openapi.json").json())
    paths = [
        (method, path if path.startswith("/api/v1") else f"/api/v1{path}") for method, path in every
    ]
    larger = (*LARGE, CALLBACK_PATH)  # a service's answer has 2 MiB
    documents = [(method, path) for method, path in paths if not path.startswith(larger)]
    assert len(documents) > 20
    token = f"Authorization: Bearer {me.token}"
    answered = {
        raw(address, path, token, f"Content-Length: {MIB + 1}", method=method).status
        for method, path in documents
    }
    assert answered == {413}


@pytest.mark.parametrize("path", ["/api/v1/ingest/events", "/api/v1/prompts/execute"])
def test_rows_and_prompts_may_be_larger(address: str, client: Client, path: str) -> None:
    length = f"Content-Length: {20 * MIB + 1}"
    token = f"Authorization: Bearer {person().token}"
    assert b"20480 KiB" in raw(address, path, token, length, method="POST").body
