"""A setting that cannot be: one line names it, before anything is started."""

from pathlib import Path

import pytest

from tests.faults.conftest import Installation
from tests.faults.program import QUICK


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"HOST": "not an address"}, "HOST=not an address is not an address of this machine"),
        ({"HOST": "192.0.2.1"}, "HOST=192.0.2.1 is not an address of this machine"),
        ({"PORT": "eighty"}, "PORT: "),
        ({"PORT": "70000"}, "PORT: "),
        ({"PORT": "0"}, "PORT: "),
        ({"ATTUNE_ROLE": "king"}, "ATTUNE_ROLE: "),
        ({"ATTUNE_PUBLIC_URL": "attune.example.com"}, "ATTUNE_PUBLIC_URL: "),
        ({"ATTUNE_LOCAL_MODEL": "/nowhere.gguf"}, "ATTUNE_LOCAL_MODEL: "),
        (
            {"DATABASE_URL": "postgresql://localhost/core"},
            "both DATABASE_URL and AI_DATABASE_URL, or neither",
        ),
        (
            {"AI_DATABASE_URL": "postgresql://localhost/ai"},
            "both DATABASE_URL and AI_DATABASE_URL, or neither",
        ),
        (
            {"DATABASE_URL": "mysql://localhost/core", "AI_DATABASE_URL": "mysql://localhost/ai"},
            "Postgres only",
        ),
        (
            {"DATABASE_URL": "no address", "AI_DATABASE_URL": "no address"},
            "must look like postgresql://",
        ),
        (
            {"DATABASE_URL": "postgresql://localhost:port/x", "AI_DATABASE_URL": "postgresql://y"},
            "must look like postgresql://",
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, dict) else "",
)
def test_it_is_named(
    installation: Installation, tmp_path: Path, given: dict[str, str], words: str
) -> None:
    assert words in installation(settings=QUICK | given).run().refusal
    assert not (tmp_path / "data" / "postgres").exists()


def test_an_unknown_command_is_refused(installation: Installation) -> None:
    assert "python app.py admin EMAIL" in installation().run("serve").refusal
