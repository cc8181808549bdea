"""Images, made small enough for models before they are stored."""

import math
import re
import struct
from io import BytesIO
from itertools import product
from threading import Lock

from PIL import Image, ImageOps, PngImagePlugin

from core.attachments.errors import AttachmentRefused

FORMATS = ("PNG", "JPEG", "GIF", "WEBP")
MAX_PIXELS = 24_000_000
# What a few bytes may say: WebP is decoded to 20 bytes a pixel, a JPEG of several scans to 10 and
# PNG to 4
SPARSE_PIXELS, PIXELS_PER_BYTE = {"WEBP": 3_000_000, "JPEG": 8_000_000, "PNG": 14_000_000}, 20
# Packed texts of a PNG, which take up to four times as much memory; 64 MiB otherwise
PngImagePlugin.MAX_TEXT_MEMORY = 8 << 20
TILE_SIDE = 1024  # pixels
DIRECTIONS = ("exif", "Raw profile type exif", "XML:com.adobe.xmp", "xmp")
# A progressive JPEG has about ten; each goes over all pixels again
MAX_SCANS = 100
JPEG = b"\xff\xd8\xff"
# Within data, 0xFF is followed by 0 or by a mark to begin anew; 1 is a mark without a length. Of
# several 0xFF, the last counts: from each, the others would be read again, minutes for 64 KiB.
JPEG_MARKER = re.compile(rb"\xff([^\x00\x01\xff\xd0-\xd7])")
SIGNATURES = (b"\x89PNG\r\n\x1a\n", JPEG, b"GIF87a", b"GIF89a")
END_OF_IMAGE, START_OF_SCAN = b"\xd9", b"\xda"
MAX_SIDE = 1568  # pixels; most models make larger ones smaller themselves
QUALITY = 88
BROKEN = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    MemoryError,
    struct.error,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)
# A decoded image has up to 100 MB: one at a time, however many are sent.
_decoding = Lock()


def is_image(content: bytes) -> bool:
    """Return whether a file says that it is an image of a known format."""
    is_webp = content[:4] == b"RIFF" and content[8:12] == b"WEBP"
    return is_webp or content.startswith(SIGNATURES)


def as_jpeg(content: bytes, name: str) -> bytes:
    """Return an image as a JPEG of up to MAX_SIDE pixels, without its metadata.

    Raises AttachmentRefused for one that is broken, or that takes too much to decode: those are
    not decoded.
    """
    try:
        if content.startswith(JPEG) and _has_too_many_scans(content):
            raise AttachmentRefused(f"“{name}” has more than {MAX_SCANS} scans. Save it again.")
        with _decoding, Image.open(BytesIO(content), formats=FORMATS) as image:
            if image.width * image.height > (limit := _max_pixels(image.format, len(content))):
                raise AttachmentRefused(f"“{name}” has more than {limit / 1e6:.3g} million pixels.")
            return _encoded(_reduced(image))
    except BROKEN:
        raise AttachmentRefused(f"“{name}” cannot be read as an image.") from None


def _max_pixels(image_format: str | None, size: int) -> int:
    return min(
        MAX_PIXELS, SPARSE_PIXELS.get(image_format or "", MAX_PIXELS) + PIXELS_PER_BYTE * size
    )


def _has_too_many_scans(content: bytes) -> bool:
    position = count = 0
    while (marker := JPEG_MARKER.search(content, position)) and marker[1] != END_OF_IMAGE:
        count += marker[1] == START_OF_SCAN
        if count > MAX_SCANS:
            return True
        position = marker.end()
        if marker[1] != JPEG[1:2]:  # all but the start of the image have a length
            position += int.from_bytes(content[position : position + 2])
    return False


def _reduced(image: Image.Image) -> Image.Image:
    image.draft("RGB", (MAX_SIDE, MAX_SIDE))  # a JPEG is decoded at a smaller size at once
    reduced = _in_tiles(image, max(1, max(image.size) // MAX_SIDE))
    ImageOps.exif_transpose(reduced, in_place=True)
    reduced.thumbnail((MAX_SIDE, MAX_SIDE))
    return reduced


def _in_tiles(image: Image.Image, factor: int) -> Image.Image:
    """Return an image made smaller by a whole factor, as RGB with its direction.

    A tile at a time: a copy of the whole image takes as much memory as the image.
    """
    size = math.ceil(image.width / factor), math.ceil(image.height / factor)
    reduced, side = Image.new("RGB", size), max(1, TILE_SIDE // factor)
    image.load()
    reduced.info = {name: image.info[name] for name in DIRECTIONS if name in image.info}
    for left, top in product(range(0, size[0], side), range(0, size[1], side)):
        right, bottom = (left + side) * factor, (top + side) * factor
        corners = left * factor, top * factor, min(right, image.width), min(bottom, image.height)
        reduced.paste(_opaque(image.crop(corners)).reduce(factor), (left, top))
    return reduced


def _opaque(image: Image.Image) -> Image.Image:
    """Return an image as RGB; what is transparent becomes white, as on a page."""
    if not _is_transparent(image):
        return image.convert("RGB")
    image = image.convert("RGBA")
    page = Image.new("RGB", image.size, "white")
    page.paste(image, mask=image.getchannel("A"))
    return page


def _is_transparent(image: Image.Image) -> bool:
    return image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info


def _encoded(image: Image.Image) -> bytes:
    out = BytesIO()
    image.save(out, "JPEG", quality=QUALITY)
    return out.getvalue()
