"""Encrypted texts: bound to a row and column, decrypted by one key; a wrong key prevents
the start.
"""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Event
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from core.database import settings
from core.database.db import transaction
from core.embedded.postgres import Postgres
from core.errors import StartRefused
from core.platform import crypto
from core.platform.crypto import Keyring, WrongKey
from core.platform.ids import new_id

KEYRING = Keyring.from_secret("one secret of thirty-two letters or more")
OTHER = Keyring.from_secret("another secret of thirty-two letters too")
ROW = UUID(int=7)


@given(st.text())
def test_what_is_sealed_opens_again(text: str) -> None:
    assert KEYRING.open(KEYRING.seal(text, column="a.b", row=ROW), column="a.b", row=ROW) == text


def test_the_same_text_never_looks_the_same() -> None:
    assert len({KEYRING.seal("x", column="a.b", row=ROW) for _ in range(50)}) == 50


def test_an_envelope_says_which_key_it_is_for_and_nothing_of_its_text() -> None:
    envelope = KEYRING.seal("a secret", column="a.b", row=ROW)
    assert envelope[:1] == crypto.VERSION
    assert envelope[1:5] == KEYRING.key_id != OTHER.key_id
    assert b"secret" not in envelope


@pytest.mark.parametrize(
    ("keyring", "column", "row"),
    [
        (OTHER, "a.b", ROW),
        (KEYRING, "a.c", ROW),
        (KEYRING, "b.a", ROW),
        (KEYRING, "a.b", UUID(int=8)),
        (KEYRING, "a", ROW),
    ],
    ids=["another key", "another column", "another table", "another row", "a shorter name"],
)
def test_it_opens_nowhere_else(keyring: Keyring, column: str, row: UUID) -> None:
    envelope = KEYRING.seal("a secret", column="a.b", row=ROW)
    with pytest.raises(WrongKey):
        keyring.open(envelope, column=column, row=row)


def test_no_bit_of_it_can_be_changed() -> None:
    envelope = KEYRING.seal("a secret", column="a.b", row=ROW)
    for position in range(len(envelope)):
        changed = bytearray(envelope)
        changed[position] ^= 1
        with pytest.raises(WrongKey):
            KEYRING.open(bytes(changed), column="a.b", row=ROW)


@pytest.mark.parametrize(
    "envelope", [b"", b"\x01", b"\x01abcd", b"plain text", bytes(17), bytes(32)]
)
def test_what_is_no_envelope_is_a_wrong_key_too(envelope: bytes) -> None:
    with pytest.raises(WrongKey):
        KEYRING.open(envelope, column="a.b", row=ROW)


def test_the_key_of_tokens_is_not_the_key_of_texts() -> None:
    same = Keyring.from_secret("one secret of thirty-two letters or more")
    assert same.token_key == KEYRING.token_key
    with pytest.raises(WrongKey):
        replace(KEYRING, cipher=AESGCM(KEYRING.token_key)).open(
            KEYRING.seal("x", column="a.b", row=ROW), column="a.b", row=ROW
        )


def test_the_first_start_makes_a_key_that_only_its_owner_reads(tmp_path: Path) -> None:
    first = crypto.load(None, tmp_path)
    assert (tmp_path / "secret.key").stat().st_mode & 0o777 == 0o600
    assert crypto.load(None, tmp_path).token_key == first.token_key


def test_a_given_key_comes_before_the_file(tmp_path: Path) -> None:
    crypto.load(None, tmp_path)
    given_key = "one secret of thirty-two letters or more"
    assert crypto.load(given_key, tmp_path).token_key == KEYRING.token_key


@pytest.mark.parametrize("secret", ["", "too short", "x" * 31])
def test_a_key_that_is_too_short_is_refused(tmp_path: Path, secret: str) -> None:
    with pytest.raises(StartRefused):
        crypto.load(secret, tmp_path)
    (tmp_path / "secret.key").write_text(secret)
    with pytest.raises(StartRefused):
        crypto.load(None, tmp_path)


@pytest.mark.parametrize("written", [b"\0" * 43, b"\xff" * 43])
def test_a_file_that_holds_no_text_is_no_key(tmp_path: Path, written: bytes) -> None:
    (tmp_path / "secret.key").write_bytes(written)
    with pytest.raises(StartRefused, match="has no valid key"):
        crypto.load(None, tmp_path)


def test_the_first_key_becomes_the_databases_own_and_every_other_is_refused(
    database: Postgres,
) -> None:
    for _ in range(2):
        with transaction() as session:
            settings.check_key(session, KEYRING)
    with (
        pytest.raises(StartRefused, match="not the one that this database was written with"),
        transaction() as session,
    ):
        settings.check_key(session, OTHER)


def test_of_two_first_starts_at_once_with_two_keys_one_is_refused(database: Postgres) -> None:
    def start() -> None:
        with transaction() as second:
            began.set()
            settings.check_key(second, OTHER)

    began = Event()
    with ThreadPoolExecutor(1) as pool:
        with transaction() as first:
            settings.check_key(first, KEYRING)
            other = pool.submit(start)
            assert began.wait(30)
            time.sleep(0.05)  # so that it waits for the first one's row
        with pytest.raises(StartRefused):
            other.result(timeout=30)


def test_tokens_are_long_and_never_the_same() -> None:
    made = {crypto.new_token() for _ in range(100)}
    assert len(made) == 100
    assert all(len(token) == 43 for token in made)
    assert crypto.fingerprint("x") != crypto.fingerprint(str(new_id()))
