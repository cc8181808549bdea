"""What redacts is compiled once for each change of the rules."""

from collections.abc import Iterator

import pytest

from core.database import settings
from core.database.db import transaction
from core.ingest import redaction
from core.ingest.redaction import Mode, OwnPattern, Redaction, Redactor


@pytest.fixture(autouse=True)
def _forgotten(database: None) -> Iterator[None]:
    yield
    redaction.redactor_cache.clear()


def redacting(pattern: str) -> Redactor | None:
    """Return what redacts after the rules were stored and what was cached has expired."""
    rules = Redaction(mode=Mode.MASK, patterns=(OwnPattern(name="order", pattern=pattern),))
    with transaction() as session:
        settings.write(session, rules, by=None)
    redaction.redactor_cache.clear()
    return redaction.current()


def test_rules_that_did_not_change_are_not_compiled_again() -> None:
    # Fifty large patterns took 2.8 s every ten seconds, in which nothing else ran
    first = redacting(r"A-\d+")
    assert first is not None
    assert redacting(r"A-\d+") is first


def test_changed_rules_hold_at_once() -> None:
    redacting(r"A-\d+")
    changed = redacting(r"B-\d+")
    assert changed is not None
    assert changed.text("A-1 and B-2") == "A-1 and [order]"


def test_stored_patterns_are_read_without_compiling_them(monkeypatch: pytest.MonkeyPatch) -> None:
    redacting(r"C-\d+")
    monkeypatch.setattr(redaction, "checked", lambda *_, **__: pytest.fail("compiled"))
    with transaction() as session:
        assert settings.read(session, Redaction).patterns[0].pattern == r"C-\d+"
