"""OTLP, OpenAI's protocol and the probes answer as the OpenAPI description says."""

from typing import Any

import httpx2
import jsonschema
import pytest

from api import probes
from api.routes.ingest import otlp_errors
from api.routes.openai import routes as openai
from core.identity.schemas import Role, Scope
from tests.api.conftest import Client
from tests.api.routes import description
from tests.factories.identity import person
from tests.factories.keys import api_key, bearing

COMPLETIONS, MODELS = "/openai/v1/chat/completions", "/openai/v1/models"


def documented(answer: httpx2.Response) -> Any:  # noqa: ANN401  any JSON
    """Return the body of an answer, which fits its schema in the description."""
    request = answer.request
    operation = description()["paths"][request.url.path][request.method.lower()]
    kind = answer.headers["content-type"].partition(";")[0]
    schema = operation["responses"][str(answer.status_code)]["content"][kind]["schema"]
    body = answer.json() if kind == "application/json" else answer.text
    named = {"components": description()["components"], **schema}
    jsonschema.Draft202012Validator(named).validate(body)
    return body


def example(path: str) -> dict[str, Any]:
    operation = description()["paths"][path]["post"]
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    named = description()["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    found: dict[str, Any] = named["example"]
    return found


@pytest.fixture
def program(client: Client) -> httpx2.Client:
    """Return a client with a key of all needed scopes, at the root."""
    found: httpx2.Client = client(prefix="")
    found.headers.update(bearing(api_key(Scope.INGEST, Scope.EXECUTE)))
    return found


def test_every_route_beside_the_api_is_described_at_the_root() -> None:
    served = [*openai.ROUTES, *probes.routes(probes.Readiness())]
    paths = {*(route.path_format for route in served), otlp_errors.PATH}
    assert paths == {
        path
        for path, item in description()["paths"].items()
        if all(operation.get("servers") == [{"url": "/"}] for operation in item.values())
    }


def test_the_example_of_an_export_is_stored(program: httpx2.Client) -> None:
    answer = program.post(otlp_errors.PATH, json=example(otlp_errors.PATH))
    assert (answer.status_code, documented(answer)) == (200, {})


def test_the_example_of_a_chat_completion_is_answered(program: httpx2.Client) -> None:
    body = documented(program.post(COMPLETIONS, json=example(COMPLETIONS)).raise_for_status())
    assert "parcel" in body["choices"][0]["message"]["content"]
    models = documented(program.get(MODELS).raise_for_status())
    assert example(COMPLETIONS)["model"] in {model["id"] for model in models["data"]}


@pytest.mark.parametrize("path", [COMPLETIONS, otlp_errors.PATH])
def test_failures_have_the_documented_form(
    client: Client, program: httpx2.Client, path: str
) -> None:
    broken = program.post(path, content=b"{", headers={"Content-Type": "application/json"})
    assert documented(broken) is not None
    assert broken.status_code == 400
    nobody = client(prefix="").post(path, json=example(path))
    assert documented(nobody) is not None
    assert nobody.status_code == 401
    analyst = client(person(Role.ANALYST), prefix="").post(path, json=example(path))
    assert documented(analyst) is not None
    assert analyst.status_code == 403


def test_probes_answer_as_described_without_a_credential(client: Client) -> None:
    nobody: httpx2.Client = client(prefix="")
    assert documented(nobody.get("/healthz")) == "alive\n"
    assert {"core", "ai"} <= documented(nobody.get("/health"))["dependencies"].keys()
