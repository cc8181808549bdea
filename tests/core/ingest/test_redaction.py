"""What redaction replaces in texts, and what it leaves."""

import time

import pytest
from pydantic import ValidationError

from core.ingest.redaction import Mode, OwnPattern, Redaction, Redactor
from core.platform import crypto
from tests.conftest import SECRET


@pytest.fixture(autouse=True)
def key() -> None:
    crypto.use(crypto.Keyring.from_secret(SECRET))


def masked(text: str, **rules: object) -> str:
    return Redactor(Redaction.model_validate({"mode": "mask", **rules})).text(text)


def hashed(text: str, **rules: object) -> str:
    return Redactor(Redaction.model_validate({"mode": "hash", **rules})).text(text)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Write to ada@example.com.", "Write to [email]."),
        ("ADA.Byron+x@Mail.Example.co.uk, bob@example.org", "[email], [email]"),
        ("mailto:ada%40example.com?x", "mailto:[email]?x"),
        ("jürgen@exämple.de", "[email]"),
        ("<ada@example.com>", "<[email]>"),
        ("card 4111 1111 1111 1111 ok", "card [card] ok"),
        ("4111-1111-1111-1111", "[card]"),
        ("5500005555555559,378282246310005", "[card],[card]"),
        ("6011000990139424 or 4222222222222", "[card] or [card]"),
        ("4111 1111 1111 1111 5500-0055-5555-5559", "[card] [card]"),
        ("on 2026-11-20 4111111111111111 12", "on 2026-11-20 [card] 12"),
        ("call +49 170 1234567 now", "call [phone] now"),
        ("+15551234567", "[phone]"),
        ("+1 (555) 123-4567", "[phone]"),
        ("(555) 123-4567 or 555-123-4567", "[phone] or [phone]"),
        ("0171 1234567", "[phone]"),
        ("tel:+15551234567.", "tel:[phone]."),
        ("06 12 34 56 78", "[phone]"),
        ("0044 20 7946 0958", "[phone]"),
    ],
)
def test_what_is_personal_is_masked(text: str, left: str) -> None:
    assert masked(text) == left


@pytest.mark.parametrize(
    "text",
    [
        "4111 1111 1111 1112",  # no check digit of a card
        "2026-11-20T12:30:45.123456+00:00",
        "20.11.2026 12:30",
        "192.168.100.200:8080",
        "0190a6e0-0000-7000-8000-000000000000",
        "e2a1f3c4-0171-7000-8000-0f0f0f0f0f0f",
        "trace 0af7651916cd43dd8448eb211c80319c",
        "1700000000000000",  # microseconds
        "order 123456789 of 1234567890",
        "version 1.2.3-rc.4, 3.14159265358979",
        "user@localhost",
        "@ada said 12:30",
        "",
        "x" * 200_000,
    ],
)
def test_what_only_looks_like_it_is_left_alone(text: str) -> None:
    assert masked(text) == text


def test_a_rule_that_is_off_finds_nothing() -> None:
    assert masked("ada@example.com +15551234567", email=False) == "ada@example.com [phone]"


def test_own_patterns_stand_under_their_names() -> None:
    own = [{"name": "order", "pattern": "ORD-[0-9]+"}]
    assert masked("see ORD-17 of ada@example.com", patterns=own) == "see [order] of [email]"


def test_the_same_hashes_to_the_same_however_it_is_written() -> None:
    once, again, other = (
        hashed("ada@example.com"),
        hashed("ADA@example.com"),
        hashed("bob@example.com"),
    )
    assert once == again != other
    assert once.startswith("[email:")
    assert hashed("+49 170 1234567") == hashed("+49-170-1234567")
    assert hashed("4111 1111 1111 1111") == hashed("4111111111111111")


def test_a_hash_cannot_be_made_without_the_key() -> None:
    with_one = hashed("ada@example.com")
    crypto.use(crypto.Keyring.from_secret("another key, just as long as the first one"))
    assert hashed("ada@example.com") != with_one


@pytest.mark.parametrize("mode", [Mode.MASK, Mode.HASH])
def test_doing_it_twice_changes_nothing_more(mode: Mode) -> None:
    redactor = Redactor(Redaction(mode=mode))
    once = redactor.text("ada@example.com +49 170 1234567 4111111111111111")
    assert redactor.text(once) == once


def test_json_is_redacted_in_every_depth_names_of_fields_too() -> None:
    redactor = Redactor(Redaction(mode=Mode.MASK))
    given = {
        "a": ["ada@example.com", {"ada@example.com": 1}],
        "b": 4111111111111111,
        "c": None,
        "d": True,
    }
    assert redactor.value(given) == {
        "a": ["[email]", {"[email]": 1}],
        "b": 4111111111111111,
        "c": None,
        "d": True,
    }


@pytest.mark.parametrize("pattern", ["(", "(?=x)y", r"(a)\1", "x{1001}", "[z-a]"])
def test_a_bad_pattern_is_refused_in_words(pattern: str) -> None:
    with pytest.raises(ValidationError, match="Invalid RE2 pattern"):
        OwnPattern(name="bad", pattern=pattern)


@pytest.mark.parametrize("pattern", ["a*", "x?", "()"])
def test_a_pattern_that_fits_everywhere_is_refused(pattern: str) -> None:
    with pytest.raises(ValidationError, match="matches empty text"):
        OwnPattern(name="bad", pattern=pattern)


def test_patterns_that_take_long_to_compile_are_refused_together() -> None:
    # Fifty such patterns held the process for 2 s at each read of the settings
    large = [{"name": f"p{n}", "pattern": rf"{n}\pL{{100}}"} for n in range(40)]
    with pytest.raises(ValidationError, match="too large together"):
        Redaction.model_validate({"patterns": large})


def test_two_patterns_need_two_names() -> None:
    with pytest.raises(ValidationError, match="same name"):
        Redaction(patterns=(OwnPattern(name="a", pattern="x"), OwnPattern(name="a", pattern="y")))


@pytest.mark.parametrize(
    "text",
    [
        "a" * 100_000 + "!",
        "1 " * 50_000,
        "4 " * 50_000,
        "0" * 100_000,
        "4111 " * 20_000,
        "a@" * 50_000,
    ],
)
def test_no_text_takes_long(text: str) -> None:
    redactor = Redactor(
        Redaction(mode=Mode.MASK, patterns=(OwnPattern(name="evil", pattern="(a+)+$"),))
    )
    begun = time.thread_time()  # not the clock: other work on the machine does not count
    redactor.text(text)
    assert time.thread_time() - begun < 4
