"""What is encrypted opens with its own key only: Attune does not start with another, and touches
nothing.
"""

from tests.faults.program import QUICK, Program

OTHER_KEY = "another key, as long as it has to be"
NOT_THE_ONE = "not the one that this database was written with"


def test_no_other_key_will_do_and_its_own_may_be_in_the_environment(installed: Program) -> None:
    key = installed.path / "secret.key"
    right = key.read_text()
    key.write_text(OTHER_KEY)
    assert NOT_THE_ONE in installed.run().refusal
    key.unlink()
    assert NOT_THE_ONE in installed.run().refusal
    # A new key would pass for the right one, and be backed up over it
    assert not key.exists()
    installed.settings = QUICK | {"ATTUNE_SECRET_KEY": OTHER_KEY}
    refusal = installed.run().refusal
    assert NOT_THE_ONE in refusal
    assert OTHER_KEY not in refusal
    installed.settings = QUICK | {"ATTUNE_SECRET_KEY": right}
    assert installed.start().sign_in().ask("Are you there?")["status"] == "completed"
    assert not key.exists()
