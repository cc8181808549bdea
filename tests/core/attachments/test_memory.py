"""Small files of a message add at most about 100 MB and end soon, whatever they unpack to."""

import struct
import subprocess
import sys
import time
from io import BytesIO
from typing import Any

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from core.attachments import images
from core.attachments.errors import AttachmentRefused
from core.platform.config import ROOT
from tests.factories.attachments import pdf

SMALL_BYTES = 64 * 2**10
MOST_ADDED_KB = 105_000
# Writes the kilobytes that reading adds to the process, or that the process of a PDF has.
MEASURE = """
import resource, sys
from pathlib import Path
from core.attachments import reading
def kilobytes(name):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name))
content = sys.stdin.buffer.read()
Path("/proc/self/clear_refs").write_text("5")
before = kilobytes("VmRSS")
try:
    reading._checked("a", content)
except reading.AttachmentRefused:
    pass
children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
print(kilobytes("VmHWM") - before + children)
"""


def added_kb(content: bytes) -> int:
    """Return how many kilobytes reading a file adds to this and its own process."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURE], input=content, capture_output=True, cwd=ROOT, check=True
    )
    return int(done.stdout)


def sparse_jpeg(width: int, height: int, scans: int) -> bytes:
    """Return a JPEG of four components, each of whose scans says in 25 bytes that all is zero."""
    frame = struct.pack(">BHHB", 8, height, width, 4) + b"".join(
        bytes([place, 0x11, 0]) for place in range(1, 5)
    )
    # One code of one bit: so many blocks end here as the next 14 bits say, and 16,384 more
    run = "0" + "1" * 14
    blocks = -(-width // 8) * -(-height // 8)
    bits = run * -(-blocks // 32_767)
    bits += "1" * (-len(bits) % 8)
    data = int(bits, 2).to_bytes(len(bits) // 8, "big").replace(b"\xff", b"\xff\0")
    begun = [bytes([1, place % 4 + 1, 0, 1, 63, 0]) for place in range(scans)]
    return b"".join(
        (
            b"\xff\xd8",
            _segment(0xDB, b"\0" + b"\1" * 64),
            _segment(0xC2, frame),
            _segment(0xC4, bytes([0x10, 1, *[0] * 15, 0xE0])),
            *(_segment(0xDA, each) + data for each in begun),
            b"\xff\xd9",
        )
    )


def _segment(marker: int, content: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(content) + 2) + content


def blank(file_format: str, mode: str, side: int, **options: Any) -> bytes:  # noqa: ANN401  of the format
    out = BytesIO()
    Image.new(mode, (side, side)).save(out, file_format, **options)
    return out.getvalue()


@pytest.mark.parametrize(
    ("file_format", "mode", "side"),
    [
        ("PNG", "P", 4890),
        ("PNG", "LA", 3900),
        ("PNG", "RGB", 3910),
        ("PNG", "RGBA", 3800),
        ("PNG", "RGBA", 4890),
        ("GIF", "P", 4890),
        ("WEBP", "RGBA", 2000),
        ("WEBP", "RGBA", 4890),
        ("JPEG", "L", 4000),
    ],
)
def test_an_image_of_few_bytes_and_many_pixels_adds_at_most_100_mb(
    file_format: str, mode: str, side: int
) -> None:
    options: dict[str, dict[str, Any]] = {
        "WEBP": {"lossless": True},
        "JPEG": {"progressive": True, "quality": 1},
    }
    content = blank(file_format, mode, side, **options.get(file_format, {}))
    assert len(content) <= 1.5 * SMALL_BYTES
    assert (added := added_kb(content)) < MOST_ADDED_KB, added


@pytest.mark.parametrize("height", [6000, 2100])
def test_a_jpeg_of_few_bytes_in_several_scans_adds_at_most_100_mb(height: int) -> None:
    content = sparse_jpeg(4000, height, 4)
    assert len(content) < 1000
    assert (added := added_kb(content)) < MOST_ADDED_KB, added


@pytest.mark.parametrize("page", ["BT /F1 9 Tf " + "(a) Tj " * 3_000_000, "[" + "0 " * 5_000_000])
def test_a_pdf_file_of_few_bytes_and_many_operators_adds_at_most_100_mb(page: str) -> None:
    content = pdf(f"One) Tj {page} (")
    assert len(content) <= SMALL_BYTES
    assert (added := added_kb(content)) < MOST_ADDED_KB, added


def test_a_photograph_of_24_million_pixels_is_read() -> None:
    noise = Image.effect_noise((612, 500), 60).convert("RGB").resize((6000, 4000))
    for file_format, quality in (("JPEG", 90), ("WEBP", 60)):
        out = BytesIO()
        noise.save(out, file_format, quality=quality)
        read = Image.open(BytesIO(images.as_jpeg(out.getvalue(), "a")))
        assert read.size in ((1568, 1045), (1568, 1046))


def test_a_jpeg_of_very_many_scans_is_refused_before_it_is_decoded() -> None:
    content = blank("JPEG", "L", 4000, progressive=True)
    last_scan = content[content.rindex(b"\xff\xda") : -2]
    begun = time.monotonic()
    with pytest.raises(AttachmentRefused, match="more than 100 scans"):
        images.as_jpeg(content[:-2] + last_scan * 2000 + b"\xff\xd9", "a")
    assert time.monotonic() - begun < 20  # decoded, it takes minutes


def test_scans_after_a_mark_without_a_length_count() -> None:
    """The mark 0xFF01 has none: what would be its length must not hide what follows."""
    one, last = sparse_jpeg(400, 600, 1), sparse_jpeg(400, 600, 201).rpartition(b"\xff\xd9")[0]
    scans = last[len(one) - 2 :]
    with pytest.raises(AttachmentRefused, match="more than 100 scans"):
        images.as_jpeg(one[:-2] + b"\xff\x01" + b"\xff\xff" + scans + b"\xff\xd9", "a")


def test_scans_within_a_thumbnail_or_after_the_end_of_a_jpeg_do_not_count() -> None:
    content = blank("JPEG", "RGB", 40, progressive=True)
    metadata = b"\xff\xe1\x10\x00" + b"\xff\xda" * 2047
    photograph = content[:2] + metadata + content[2:] + b"\xff\xda\x00\x02" * 200
    assert images.as_jpeg(photograph, "a")


@pytest.mark.parametrize("size", [(3001, 1999), (1569, 1569), (9, 20_000), (20_000, 9), (1, 1)])
def test_an_image_that_is_made_smaller_in_tiles_is_the_same_as_whole(size: tuple[int, int]) -> None:
    image = Image.linear_gradient("L").resize(size).convert("RGBA")
    image.putalpha(Image.radial_gradient("L").resize(size))
    out = BytesIO()
    image.save(out, "PNG", compress_level=1)
    page = Image.new("RGB", size, "white")
    page.paste(image, mask=image.getchannel("A"))
    page.thumbnail((images.MAX_SIDE, images.MAX_SIDE))
    found = Image.open(BytesIO(images.as_jpeg(out.getvalue(), "a")))
    assert found.size == page.size
    pairs = zip(found.convert("L").tobytes(), page.convert("L").tobytes(), strict=True)
    assert max(abs(one - other) for one, other in pairs) < 20


def test_a_jpeg_of_nothing_but_fill_bytes_is_refused() -> None:
    # Read in quadratic time, one of 64 KiB held the whole process for 40 s
    with pytest.raises(AttachmentRefused, match="cannot be read"):
        images.as_jpeg(b"\xff\xd8" + b"\xff" * 300_000 + b"\0", "a")


def test_packed_texts_of_a_png_are_not_unpacked_without_end() -> None:
    texts = PngInfo()
    for place in range(58):  # the last character makes each of the others take four bytes
        texts.add_itxt(f"text {place}", "x" * 1_048_500 + "😀", zip=True)
    content = blank("PNG", "L", 16, pnginfo=texts)
    assert len(content) <= SMALL_BYTES
    assert added_kb(content) < MOST_ADDED_KB
    with pytest.raises(AttachmentRefused, match="cannot be read as an image"):
        images.as_jpeg(content, "a.png")
