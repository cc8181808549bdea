"""What is encrypted opens with its own key only: Attune does not start with another, and touches nothing."""

from pathlib import Path

import pytest

from tests.faults.conftest import Installation
from tests.faults.program import QUICK, Program

OTHER_KEY = "another key, as long as it has to be"


@pytest.fixture
def stopped(installation: Installation) -> Program:
    """Return an installation that has run once."""
    program = installation().start()
    program.stop()
    return program


def test_no_other_key_will_do(stopped: Program) -> None:
    key = Path(stopped.data) / "secret.key"
    right = key.read_text()
    for wrong, words in {
        OTHER_KEY: "not the one that this database was written with",
        "short": "does not hold a key",
        "": "does not hold a key",
        "\0" * 43: "does not hold a key",
    }.items():
        key.write_text(wrong)
        assert words in stopped.run().refusal
    key.write_bytes(b"\xff" * 43)
    assert "does not hold a key" in stopped.run().refusal
    key.unlink()
    assert "not the one that this database was written with" in stopped.run().refusal
    key.write_text(right)
    assert stopped.start().sign_in().ask("Are you there?")["status"] == "completed"


def test_the_environment_may_hold_the_key(installation: Installation, stopped: Program) -> None:
    key = Path(stopped.data) / "secret.key"
    right = key.read_text()
    key.unlink()
    assert "too short" in installation(settings=QUICK | {"ATTUNE_SECRET_KEY": "short"}).run().refusal
    refusal = installation(settings=QUICK | {"ATTUNE_SECRET_KEY": OTHER_KEY}).run().refusal
    assert "not the one that this database was written with" in refusal
    assert OTHER_KEY not in refusal
    assert installation(settings=QUICK | {"ATTUNE_SECRET_KEY": right}).start().is_ready()
    assert not key.exists()
