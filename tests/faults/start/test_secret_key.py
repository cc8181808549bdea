"""What is encrypted opens with its own key only: Attune does not start with another, and touches
nothing.
"""

from tests.faults.program import QUICK, Program

OTHER_KEY = "another key, as long as it has to be"
NOT_THE_ONE = "not the one that this database was written with"
NO_KEY = "has no valid key"


def test_no_other_key_will_do(installed: Program) -> None:
    key = installed.path / "secret.key"
    right = key.read_bytes()
    key.write_bytes(b"\0" * 43)
    assert NO_KEY in installed.run().refusal
    key.write_text(OTHER_KEY)
    assert NOT_THE_ONE in installed.run().refusal
    key.unlink()
    assert NOT_THE_ONE in installed.run().refusal
    key.write_bytes(right)
    assert installed.start().sign_in().ask("Are you there?")["status"] == "completed"


def test_the_environment_may_hold_the_key(installed: Program) -> None:
    key = installed.path / "secret.key"
    right = key.read_text()
    key.unlink()
    installed.settings = QUICK | {"ATTUNE_SECRET_KEY": "short"}
    assert "too short" in installed.run().refusal
    installed.settings = QUICK | {"ATTUNE_SECRET_KEY": OTHER_KEY}
    refusal = installed.run().refusal
    assert NOT_THE_ONE in refusal
    assert OTHER_KEY not in refusal
    installed.settings = QUICK | {"ATTUNE_SECRET_KEY": right}
    assert installed.start().is_ready()
    assert not key.exists()
