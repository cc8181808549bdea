"""Every request that the OpenAPI description allows gets a documented response: no 500, no other
shape.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.api.conftest import Client
from tests.factories.identity import person

CHECKS = (
    "not_a_server_error,status_code_conformance,"
    "content_type_conformance,response_schema_conformance"
)
LOGOUT = "/admin/auth/logout"  # its success is the end of every later request
# They have servers of their own, which schemathesis takes no notice of
BESIDE_THE_API = "^/(otlp|openai|health|readyz)"

# Scorers hold scorers: covering all their fields makes more than 7,000 requests for one operation,
# and has not ended when the time is over. Fuzzing reaches them.
WITHOUT_COVERAGE = r"""
[[operations]]
include-path-regex = '^/(evaluation/(probabilistic|estimate)|.*/rescore|ab-tests(/estimate)?)$'
phases.coverage.enabled = false

[[operations]]
include-path-regex = '^/(datasets/.*/cases(/[^/]*_id})?|templates/.*/gate|admin/ai/scoring)$'
phases.coverage.enabled = false
"""

HOOKS = """
import json, schemathesis

@schemathesis.serializer("application/x-ndjson")
def ndjson(ctx, value):
    rows = value if isinstance(value, list) else [value]
    return b"\\n".join(json.dumps(row).encode() for row in rows)
"""


@pytest.mark.prove
def test_generated_requests_get_documented_answers(
    address: str, client: Client, tmp_path: Path
) -> None:
    anna = person()
    # It is computed once, and the program below waits for it ten seconds at most
    client(anna).get("/openapi.json")
    token = anna.headers["Authorization"]
    command = [
        sys.executable,
        "-m",
        "schemathesis.cli",
        "run",
        f"{address}/api/v1/openapi.json",
        "-H",
        f"Authorization: {token}",
    ]
    options = [
        "--checks",
        CHECKS,
        "--exclude-path",
        LOGOUT,
        "--exclude-path-regex",
        BESIDE_THE_API,
        "--phases",
        "examples,coverage,fuzzing",
        "--continue-on-failure",
    ]
    limits = [
        "--max-examples",
        "5",
        "--request-timeout",
        "60",
        "--no-color",
        "--generation-deterministic",
    ]
    (tmp_path / "hooks.py").write_text(HOOKS)
    (tmp_path / "schemathesis.toml").write_text(WITHOUT_COVERAGE)
    environment = os.environ | {"SCHEMATHESIS_HOOKS": "hooks", "PYTHONPATH": str(tmp_path)}
    run = subprocess.run(
        [*command, *options, *limits],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-20_000:]
