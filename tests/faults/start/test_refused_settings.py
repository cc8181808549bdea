"""A setting that cannot be: one line names it, before anything is started."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

import app
from core.platform import config
from tests.faults.conftest import Installation
from tests.faults.program import QUICK


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Have the settings read from this process's environment, and forget them afterwards."""
    config.config.cache_clear()
    yield monkeypatch
    config.config.cache_clear()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"PORT": "eighty"}, "PORT: "),
        ({"PORT": "70000"}, "PORT: "),
        ({"PORT": "0"}, "PORT: "),
        ({"ATTUNE_ROLE": "king"}, "ATTUNE_ROLE: "),
        ({"ATTUNE_PUBLIC_URL": "attune.example.com"}, "ATTUNE_PUBLIC_URL: "),
        (
            {"DATABASE_URL": "postgresql://localhost/core"},
            "both DATABASE_URL and AI_DATABASE_URL, or neither",
        ),
        (
            {"AI_DATABASE_URL": "postgresql://localhost/ai"},
            "both DATABASE_URL and AI_DATABASE_URL, or neither",
        ),
        ({"DATA": "two\nlines"}, "DATA: "),
        ({"DATA": os.fsdecode(b"not \xff utf-8")}, "DATA: "),
        ({"DATA": "~nobody-of-that-name/data"}, "DATA: "),
        ({"DATA": "/".join(["x" * 200] * 5)}, "DATA: is too long a path"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, dict) else "",
)
def test_one_line_names_a_value_that_cannot_be(
    environment: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    given: dict[str, str],
    words: str,
) -> None:
    for name, value in given.items():
        environment.setenv(name, value)
    assert app.main([]) == 1
    said = capsys.readouterr()
    assert said.err.startswith("attune: ")
    assert words in said.err
    assert (said.err.count("\n"), said.out) == (1, "")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"HOST": "not an address"}, "HOST=not an address is not an address of this machine"),
        ({"HOST": "192.0.2.1"}, "HOST=192.0.2.1 is not an address of this machine"),
        ({"PORT": "eighty"}, "PORT: "),
        ({"ATTUNE_LOCAL_MODEL": "/nowhere.gguf"}, "ATTUNE_LOCAL_MODEL: "),
        (
            {"DATABASE_URL": "no address", "AI_DATABASE_URL": "no address"},
            "must look like postgresql://",
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, dict) else "",
)
def test_nothing_is_started_with_it(
    installation: Installation, tmp_path: Path, given: dict[str, str], words: str
) -> None:
    assert words in installation(settings=QUICK | given).run().refusal
    assert not (tmp_path / "data" / "postgres").exists()


def test_an_unknown_command_is_refused(installation: Installation) -> None:
    assert "python app.py admin EMAIL" in installation().run("serve").refusal
