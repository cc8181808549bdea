"""The text of PDF files is read in a process with little memory and time."""

import resource

import pytest

from core.attachments import pdf_child, pdf_files
from tests.factories.attachments import PDF, pdf


def test_the_pages_of_a_file_are_read_in_order() -> None:
    assert pdf_files.text_of(pdf("One", "Two")) == b"One\n\nTwo"


@pytest.mark.parametrize(
    "content", [b"", PDF, pdf(""), pdf("One")[:200], b"%PDF-1.4" + b"\0" * 1000]
)
def test_a_file_that_is_broken_or_has_no_text_gives_none(content: bytes) -> None:
    assert pdf_files.text_of(content) is None


def test_a_file_with_too_many_pages_gives_none() -> None:
    many = [f"Page {number}" for number in range(pdf_child.MAX_PAGES + 1)]
    assert pdf_files.text_of(pdf(*many)) is None


def test_small_files_that_unpack_to_gigabytes_give_none_and_take_no_memory_here() -> None:
    bomb = pdf("One", unpacked_bytes=400_000_000)
    assert len(bomb) < 1_000_000
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert pdf_files.text_of(bomb) is None
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert after - before < 50_000  # kilobytes
