"""The locks hold every package that the project names, in the version that it names: what they
lack, a fresh clone lacks too.
"""

import re
import tomllib

import pytest

from core.platform.config import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]
NEEDED = PROJECT["dependencies"] + EXTRAS["local"]


def locked(name: str) -> set[str]:
    """Return the packages of a lock as `name==version`."""
    return set(re.findall(r"^([\w.-]+==[^\s;]+)", (ROOT / name).read_text(), re.MULTILINE))


@pytest.mark.parametrize(
    ("lock", "needed"),
    [("requirements.lock", NEEDED), ("requirements-dev.lock", NEEDED + EXTRAS["dev"])],
)
def test_nothing_is_missing(lock: str, needed: list[str]) -> None:
    assert {re.sub(r"\[.*?\]|;.*", "", package) for package in needed} <= locked(lock)


def test_the_lock_for_tests_holds_the_other() -> None:
    assert locked("requirements.lock") <= locked("requirements-dev.lock")
